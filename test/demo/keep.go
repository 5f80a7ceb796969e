package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// offer is a command that a newcomer would type next, as it is written.
type offer struct {
	command string
	// dry is added when it is tried, so that the cluster is left as it is.
	dry string
	// answer is part of what it prints.
	answer string
	// about tells the newcomer what it is for.
	about string
}

func offers() []offer {
	return []offer{
		{"garboard status -A", "", "keel-demo", "what runs, what could run, and what keeps it back"},
		{"garboard history -n garboard-demo deployment/keel-demo", "", "netutils:1.1.1", "which images it had, and who moved it"},
		{"kubectl -n garboard-demo rollout undo deployment/keel-demo", "--dry-run=server", "rolled back", "obeyed, and 1.1.1 is held"},
	}
}

// tryLimit bounds the trying of one command.
const tryLimit = 30 * time.Second

// kept tells the story in a cluster that outlives the program, always the same, and
// begun anew each time.
func kept(ctx context.Context, source string) error {
	dir := filepath.Join(os.TempDir(), "garboard-demo")
	if err := removeKept(ctx, dir); err != nil {
		return err
	}
	start := time.Now()
	c, err := cluster.Up(ctx, cluster.Options{Dir: dir})
	if err != nil {
		return err
	}
	k := &keeper{cluster: c}
	defer k.explain()
	i, err := tellOn(ctx, c, source, start)
	if err != nil {
		return err
	}
	k.updater = i.Updater().Status
	if _, err := i.PlayUpdaterPod(ctx); err != nil {
		return err
	}
	if err := k.link(i); err != nil {
		return err
	}
	return k.offer(ctx)
}

// removeKept ends the cluster of the last time. A folder that is no cluster's is
// left to its owner.
func removeKept(ctx context.Context, dir string) error {
	if _, err := cluster.Open(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := cluster.Down(ctx, dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// keeper tells how to use the cluster that stays.
type keeper struct {
	cluster *cluster.Cluster
	// updater is where the updater answers; empty where Garboard is not installed.
	updater string
	tried   bool
}

// bin is the folder of the programs by the names that the documentation has.
func (k *keeper) bin() string { return filepath.Join(k.cluster.Dir, "bin") }

// link makes the programs of the documentation's commands.
func (k *keeper) link(i *installation.Installation) error {
	if err := os.Mkdir(k.bin(), 0o750); err != nil {
		return err
	}
	for name, path := range map[string]string{"kubectl": k.cluster.KubectlPath, "garboard": i.Binary, "kubectl-garboard": i.Binary} {
		if err := os.Symlink(path, filepath.Join(k.bin(), name)); err != nil {
			return err
		}
	}
	return nil
}

// offer tries each command as a newcomer would type it.
func (k *keeper) offer(ctx context.Context) error {
	for _, o := range offers() {
		if err := k.try(ctx, o); err != nil {
			return fmt.Errorf("trying what to offer: %s: %w", o.command, err)
		}
	}
	k.tried = true
	return nil
}

func (k *keeper) try(ctx context.Context, o offer) error {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", strings.TrimSpace(o.command+" "+o.dry))
	command.Env = append(os.Environ(), "KUBECONFIG="+k.cluster.Kubeconfig, "PATH="+k.bin()+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if !strings.Contains(string(out), o.answer) {
		return fmt.Errorf("%q is not in its answer:\n%s", o.answer, out)
	}
	return nil
}

// explain tells of the cluster, also where the story was cut short.
func (k *keeper) explain() {
	dir := k.cluster.Dir
	fmt.Printf("\nThe cluster stays, until: make cluster-down DIR=%s\n", dir)
	if k.tried {
		fmt.Printf("\nIn a shell, with kubectl and garboard in PATH:\n\n  export KUBECONFIG=%s PATH=%s:$PATH\n", k.cluster.Kubeconfig, k.bin())
		fmt.Print("\nWhat to type next (the demo has just tried each):\n\n")
		for _, o := range offers() {
			fmt.Printf("  %-58s  # %s\n", o.command, o.about)
		}
		fmt.Printf("\nThe next version, in the checkout:\n\n  go run ./test/cluster/cmd/localcluster push --dir %s netutils 1.2.0\n", dir)
		fmt.Print("\nGarboard's own processes run beside the cluster: scaling its Deployments stops none of\n" +
			"them. No kubelet runs, so in place of kubectl logs and port-forward:\n\n")
	} else {
		fmt.Printf("Use it:                  export KUBECONFIG=%s\n", k.cluster.Kubeconfig)
		fmt.Printf("kubectl of its version:  %s\n", k.cluster.KubectlPath)
	}
	fmt.Printf("  logs                   %s\n", filepath.Join(dir, "garboard-*.log"))
	if k.updater != "" {
		fmt.Printf("  the updater's status   garboard status -A --updater-url=%s\n", k.updater)
	}
	fmt.Printf("  the registry           %s\n", k.cluster.Registry)
}
