package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// grace is how long a process may take to end by itself.
const grace = 10 * time.Second

// Process is a program that runs beside the test, with the cluster's folder as
// its working folder.
type Process struct {
	// Name is the name of its log and its pid file.
	Name string
	// Log is the file of its standard output and standard error.
	Log string

	pidFile string
	cmd     *exec.Cmd
	done    chan struct{} // closed when it has ended
}

// program says what to start.
type program struct {
	name string
	path string
	args []string
	env  []string // added to this process's own
}

// startProcess starts a program. A bound one is killed by the kernel when this
// process dies in whatever way (on Linux); one that is not bound outlives it.
func startProcess(ctx context.Context, dir string, bound bool, what program) (*Process, error) {
	p := &Process{
		Name:    what.name,
		Log:     filepath.Join(dir, what.name+".log"),
		pidFile: filepath.Join(dir, what.name+pidSuffix),
		done:    make(chan struct{}),
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own
	// The process outlives its start: no context ends it.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), what.path, what.args...)
	p.cmd.Dir = dir
	p.cmd.Env = append(environment(), what.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = freeAttributes()
	if bound {
		p.cmd.SysProcAttr = boundAttributes()
	}
	started := make(chan error)
	go func() {
		// The kernel's "parent" is the thread that started the child. It must not
		// end before the child, so it is kept here until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // ProcessState has it
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.Name, err)
	}
	if err := os.WriteFile(p.pidFile, []byte(strconv.Itoa(p.Pid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// environment is this process's without proxies: all that the parts talk to is
// on loopback, and the API server would send its webhook calls there.
func environment() []string {
	var kept []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		if !strings.HasSuffix(name, "_PROXY") {
			kept = append(kept, v)
		}
	}
	return kept
}

// Pid is its process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when it has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Stop ends it by SIGTERM, or by SIGKILL if it is still there ten seconds later
// or when ctx ends. It returns when the process is gone; a process that has
// ended before is no error.
func (p *Process) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	return p.Leave(ctx)
}

// Leave ends it by SIGTERM, and leaves it all the time that it takes. When ctx ends first,
// it is killed. Either way the process is gone.
func (p *Process) Leave(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.forget()
	case <-ctx.Done():
		return p.Kill()
	}
}

// Kill ends it as a crash would and returns when it is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return p.forget()
}

func (p *Process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.Name, err)
	}
	return nil
}

func (p *Process) forget() error {
	if err := os.Remove(p.pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
