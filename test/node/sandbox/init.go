//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// initName is the name that this program has as the first process of a sandbox.
	initName = "garboard-sandbox-init"
	// setupLimit bounds what is done before the command starts.
	setupLimit = 30 * time.Second
)

// IsInit says whether this process is the first one of a sandbox, which has to call Init
// and nothing else.
func IsInit() bool { return os.Args[0] == initName }

// Init makes the sandbox from within, runs the command, and returns its exit code.
func Init() int {
	dir, packages, command := os.Args[1], os.Args[2], os.Args[3:]
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	if err := mountAll(dir, packages); err != nil {
		fmt.Fprintln(os.Stderr, "node: making the sandbox's mounts:", err)
		return 1
	}
	if err := connect(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "node: making the sandbox's network:", err)
		return 1
	}
	code, err := supervise(command, environment(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return code
}

// mountAll makes all mounts private to the sandbox first: nothing of what follows, and of
// what runs in it, is seen outside.
func mountAll(dir, packages string) error {
	over := filepath.Join(dir, "over")
	if err := os.Mkdir(over, 0o700); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") },
		func() error { return mount("proc", "/proc", "proc", 0, "") },
		func() error { return mount("tmpfs", "/run", "tmpfs", 0, "mode=755") },
		func() error { return mount("tmpfs", over, "tmpfs", 0, "mode=700") },
		func() error { return overlay(over, "/usr", filepath.Join(packages, "usr")) },
		func() error { return overlay(over, "/etc", filepath.Join(packages, "etc")) },
		func() error { return overlay(over, "/var/lib") },
		func() error { return overlay(over, "/var/log") },
		func() error { return hideSettings(over) },
		// A kubelet passes mounts on to containers.
		func() error { return mount("none", "/", "", syscall.MS_REC|syscall.MS_SHARED, "") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	return nil
}

// overlay lays folders over one of the machine's; what is written there stays in memory.
func overlay(over, target string, layers ...string) error {
	of := filepath.Join(over, strings.ReplaceAll(target, "/", "_"))
	upper, work := filepath.Join(of, "upper"), filepath.Join(of, "work")
	// What is new on top has the rights of what is below.
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(work, 0o700), os.MkdirAll(upper, 0o700), os.Chmod(upper, info.Mode())); err != nil {
		return err
	}
	lower := strings.Join(append(layers, target), ":")
	return mount("overlay", target, "overlay", 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
}

// hideSettings puts files over the settings that a kubelet changes for the whole machine.
func hideSettings(over string) error {
	for name, value := range kernelSettings() {
		at := filepath.Join(settingsRoot, name)
		if _, err := os.Stat(at); err != nil {
			continue // the kernel does not have it
		}
		file := filepath.Join(over, strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := mount(file, at, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

// connect gives the sandbox a network of itself alone. Packets to a Service's address
// need a route before kube-proxy's rules send them elsewhere.
func connect(ctx context.Context) error {
	for _, line := range []string{
		"link set lo up",
		"link add node0 type veth peer name node1",
		"address add " + Address + "/24 dev node0",
		"address add " + SecondAddress + "/24 dev node0",
		"link set node0 up",
		"link set node1 up",
		"route add default dev node0 src " + Address,
	} {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("running ip %s: %w: %s", line, err, out)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600)
}

// supervise runs the command and, as the first process has to, takes note of the end of
// all others whose parents have gone.
func supervise(command, env []string) (int, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	files := []uintptr{os.Stdin.Fd(), os.Stdout.Fd(), os.Stderr.Fd()}
	pid, err := syscall.ForkExec(path, command, &syscall.ProcAttr{Env: env, Files: files}) //nolint:gosec // what the caller asks for
	if err != nil {
		return 0, fmt.Errorf("starting %q: %w", command[0], err)
	}
	go func() {
		for s := range signals {
			_ = syscall.Kill(pid, s.(syscall.Signal)) //nolint:forcetypeassert // signals of this system are of this type
		}
	}()
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("waiting for %q: %w", command[0], err)
		case ended == pid && status.Signaled(): //nolint:misspell // its name
			return 128 + int(status.Signal()), nil
		case ended == pid:
			return status.ExitStatus(), nil
		}
	}
}
