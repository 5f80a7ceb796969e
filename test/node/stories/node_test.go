package stories

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
	"github.com/garboard-dev/garboard/test/node/sandbox"
)

// source is the folder of the repository, from here.
const source = "../../.."

// presentVersion is that of the chart, and of the image that is made of the sources.
const presentVersion = "v0.1.0"

// node is a cluster with two workers for real.
type node struct {
	*cluster.Cluster
	dir              string // of the sandbox
	cgroups          sandbox.Cgroups
	mayRaisePriority bool
	programs         string // kubelet and kube-proxy
	app              []byte // the program of the workloads
	workers          []*worker
	quiet            kubernetes.Interface // does not print the warnings that it gets
}

// newNode starts the cluster, pushes Garboard's image, and starts the workers.
func newNode(t *testing.T) *node {
	t.Helper()
	dir := os.Getenv(sandbox.DirVariable)
	if dir == "" {
		t.Skip("runs in a sandbox alone: make test-node, as root on Debian")
	}
	n := &node{dir: dir}
	var err error
	n.cgroups, err = sandbox.ReadCgroups()
	must(t, err)
	n.mayRaisePriority, err = sandbox.MayRaisePriority()
	must(t, err)
	n.programs, err = cluster.BuildNode(t.Context(), os.Stderr)
	must(t, err)
	n.Cluster = cluster.StartForTest(t, cluster.Options{Dir: filepath.Join(dir, "cluster"), Address: sandbox.Address, Helm: *helm})
	config := n.RESTConfig()
	config.WarningHandler = rest.NoWarnings{}
	n.quiet, err = kubernetes.NewForConfig(config)
	must(t, err)
	must(t, n.serveNames(t.Context(), sandbox.Address))
	all, ctx := errgroup.WithContext(t.Context())
	all.Go(func() error { return n.buildGarboard(ctx) })
	all.Go(func() error { return n.startWorkers(ctx) })
	if err := all.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, n.logs())
	}
	return n
}

// buildGarboard builds the program for the image, and for the commands of its users.
func (n *node) buildGarboard(ctx context.Context) error {
	binary := filepath.Join(n.dir, "garboard")
	if err := installation.Build(ctx, source, binary); err != nil {
		return fmt.Errorf("building garboard: %w", err)
	}
	return n.pushGarboard(ctx, binary, presentVersion)
}

func (n *node) startWorkers(ctx context.Context) error {
	binary := filepath.Join(n.dir, "app")
	command := cluster.GoCommand(ctx, source, "build", "-ldflags", "-s -w", "-o", binary, "./test/node/stories/app")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the application: %w: %s", err, out)
	}
	var err error
	if n.app, err = os.ReadFile(binary); err != nil {
		return err
	}
	pause, err := newImage(map[string][]byte{"app": n.app}, v1.Config{Entrypoint: []string{"/app", "pause"}})
	if err != nil {
		return err
	}
	if err := n.push(ctx, pause, "pause", "1"); err != nil {
		return err
	}
	for i, address := range []string{sandbox.Address, sandbox.SecondAddress} {
		w, err := n.newWorker(i+1, address)
		if err != nil {
			return err
		}
		n.workers = append(n.workers, w)
	}
	_, err = n.StartProcess("kube-proxy", n.programs, nil, "kube-proxy", "--config", filepath.Join(n.workers[0].Dir, "kube-proxy.yaml"))
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, w := range n.workers {
		all.Go(func() error { return w.start(ctx) })
	}
	return all.Wait()
}

// logs are the ends of the logs of the workers, for a failure.
func (n *node) logs() string {
	files, _ := filepath.Glob(filepath.Join(n.Dir, "*worker*.log")) // the pattern is good
	var all strings.Builder
	for _, file := range append(files, filepath.Join(n.Dir, "kube-proxy.log")) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fmt.Fprintf(&all, "the end of %s:\n%s\n", filepath.Base(file), text[max(0, len(text)-1500):])
	}
	return all.String()
}

// until polls a check for at most two minutes, which only a busy machine takes.
func (n *node) until(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	n.within(t, 4*time.Minute, what, check) // a webhook takes nearly two to end
}

func (n *node) within(t *testing.T, limit time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	must(t, installation.Until(ctx, what, check))
}

// kubectl runs kubectl, which has to go well.
func (n *node) kubectl(t *testing.T, line string) string {
	t.Helper()
	out, _, err := n.Kubectl(t.Context(), "", strings.Fields(line)...)
	must(t, err)
	return out
}

// apply applies a manifest.
func (n *node) apply(t *testing.T, manifest string) {
	t.Helper()
	_, _, err := n.Kubectl(t.Context(), manifest, "apply", "-f", "-")
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Stories of one installation, on one node after the other. Those after a failed one
// would tell nothing.
func TestNode(t *testing.T) {
	n := newNode(t)
	n.kubectl(t, "cordon "+n.workers[1].Name)
	n.holdPolicies(t)
	n.part(t, "installed by the chart", n.installWithHelm)
	n.part(t, "a Deployment is answered", n.answered)
	n.part(t, "helm test", n.tested)
	n.part(t, "all clocks agree", n.clocksAgree)
	t.Run("beside each other", func(t *testing.T) {
		for name, story := range map[string]func(*testing.T){
			"a pushed tag is pulled and runs":              n.pushedAndPulled,
			"an image that cannot be pulled is taken back": n.takenBack,
			"a tag is not what the runtime calls it":       n.otherTags,
			"a certificate is renewed":                     n.renewed,
			"NetworkPolicies let in whom they name":        n.letIn,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				story(t)
			})
		}
	})
	n.part(t, "memory stays below its limit under load", n.loaded)
	n.part(t, "a worker is drained while writes go on", n.drained)
	n.part(t, "kubelet and runtime are restarted while writes go on", n.restarted)
	n.part(t, "a worker loses its power", n.rebooted)
	n.part(t, "installed by kubectl", n.installWithKubectl)
	n.part(t, "admission answers again", func(t *testing.T) { n.awaitAnswers(t, "writes") })
}

// part is a story that the next ones need.
func (n *node) part(t *testing.T, name string, story func(*testing.T)) {
	t.Helper()
	if !t.Run(name, story) {
		t.Fatal(n.logs())
	}
}

// answered makes the namespace that writers write to, and waits for the first answer.
func (n *node) answered(t *testing.T) {
	m := n.newTeam(t, "writes")
	must(t, m.release(t.Context(), m.repository(), "1.2.0", "1.2.7"))
	n.awaitAnswers(t, m.name)
}
