//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// DirVariable names the sandbox's folder to the command that runs in it.
	DirVariable = "GARBOARD_NODE_DIR"
	// Address is a network address of the sandbox.
	Address = "10.77.0.1"
	// SecondAddress is another one.
	SecondAddress = "10.77.0.2"

	prefix   = "garboard-node-"
	lockFile = "lock"
	// removeLimit bounds the wait for the kernel to let go of control groups.
	removeLimit = 20 * time.Second
)

// Options say how a sandbox is made.
type Options struct {
	// Cache is the folder of the unpacked packages.
	Cache string
	// Log gets what is done to the machine, and what is put back.
	Log io.Writer
}

// Run runs a command in a sandbox and returns its exit code. At the end nothing is left
// of the sandbox. When the context ends, all that runs in it is killed.
func Run(ctx context.Context, o Options, command ...string) (code int, err error) {
	if err := Fit(); err != nil {
		return 0, err
	}
	cgroups, err := ReadCgroups()
	if err != nil {
		return 0, unfitIfRefused(err)
	}
	if err := removeLeftovers(cgroups, o.Log); err != nil {
		return 0, err
	}
	packages, err := fetchPackages(ctx, o.Cache, o.Log)
	if err != nil {
		return 0, &UnfitError{fmt.Sprintf("Debian's packages cannot be had: %v", err)}
	}
	s := &sandbox{packages: packages, cgroups: cgroups, log: o.Log}
	if err := s.prepare(); err != nil {
		return 0, unfitIfRefused(errors.Join(err, s.remove()))
	}
	code, err = s.run(ctx, command)
	return code, errors.Join(err, s.remove())
}

type sandbox struct {
	dir, packages string
	cgroups       Cgroups
	settings      map[string]string
	hands         []string // of the first control group
	lock          *os.File
	log           io.Writer
}

func (s *sandbox) prepare() (err error) {
	if s.settings, err = readSettings(settingsRoot); err != nil {
		return err
	}
	if s.hands, err = s.cgroups.hands(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", prefix); err != nil {
		return err
	}
	if s.lock, err = holdLock(s.dir); err != nil {
		return err
	}
	fmt.Fprintf(s.log, "node: a sandbox in %s, with Debian's packages from %s; on the machine, it makes the control group %s and nothing else\n",
		s.dir, s.packages, s.group())
	return s.cgroups.Make(s.group())
}

func (s *sandbox) group() string { return filepath.Base(s.dir) }

// run starts this program once more, as the first process of new namespaces: when it
// ends, the kernel kills all others in them.
func (s *sandbox) run(ctx context.Context, command []string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = slices.Concat([]string{initName, s.dir, s.packages}, command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	// The kernel's "parent" is the thread that started it, which must not end before.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("running %q: %w", command[0], context.Cause(ctx))
	case errors.Is(err, syscall.EPERM):
		return 0, &UnfitError{"root may not make namespaces here"}
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	case err != nil:
		return 0, fmt.Errorf("running %q in the sandbox: %w", command[0], err)
	}
	return 0, nil
}

// remove takes the sandbox away and puts the kernel's settings back.
func (s *sandbox) remove() error {
	if s.dir == "" {
		return nil
	}
	err := errors.Join(
		removeGroups(s.cgroups, s.group()),
		s.cgroups.restoreHands(s.hands),
		restoreSettings(settingsRoot, s.settings, s.log),
		os.RemoveAll(s.dir),
	)
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	if err != nil {
		return fmt.Errorf("removing the sandbox: %w", err)
	}
	fmt.Fprintf(s.log, "node: %s and its control group are removed, and the kernel's settings are as before\n", s.dir)
	return nil
}

// removeGroups waits for the kernel to let go of the groups of processes that were killed.
func removeGroups(c Cgroups, name string) error {
	deadline := time.NewTimer(removeLimit)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.remove(name)
		if err == nil {
			return nil
		}
		select {
		case <-deadline.C:
			return err
		case <-tick.C:
		}
	}
}

// removeLeftovers takes away what a killed process has left: its sandbox died with it,
// and folder and control group stayed.
func removeLeftovers(c Cgroups, log io.Writer) error {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		lock, err := holdLock(dir)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue // it is in use
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(log, "node: removing %s, which an earlier run has left\n", dir)
		if err := errors.Join(removeGroups(c, filepath.Base(dir)), os.RemoveAll(dir), lock.Close()); err != nil {
			return fmt.Errorf("removing what an earlier run has left: %w", err)
		}
	}
	return nil
}

// holdLock keeps the folder's lock until the file is closed or the process ends.
func holdLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// environment is this process's, with the sandbox's folder and without proxies: the
// sandbox has no way out.
func environment(dir string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		return strings.HasSuffix(name, "_PROXY") || name == "PATH"
	})
	return append(env, DirVariable+"="+dir, "PATH="+os.Getenv("PATH")+":/usr/local/sbin:/usr/sbin:/usr/bin")
}
