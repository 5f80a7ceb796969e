package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// errNotOurs: only the process that started a cluster holds its processes.
var errNotOurs = errors.New("the cluster was started by another process")

// Up starts a cluster that outlives this process, in o.Dir, which must be set.
// One that runs there already is stopped first; its data stays.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	if o.Dir == "" {
		return nil, errors.New("starting a cluster that stays: no folder given")
	}
	if err := Down(ctx, o.Dir); err != nil {
		return nil, err
	}
	return start(ctx, o, false)
}

// Open returns the running cluster of a folder. It can do all but start and
// stop parts.
func Open(dir string) (*Cluster, error) {
	s, err := readState(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the cluster of %q: %w", dir, err)
	}
	return newCluster(dir, s)
}

// Down stops all processes of the cluster in the folder, no matter who started them,
// and returns when they are gone. The data stays. A folder without a cluster is
// no error.
func Down(ctx context.Context, dir string) error {
	parts, err := Status(dir)
	if err != nil {
		return err
	}
	running := map[string]Part{}
	own := map[string]bool{}
	for _, group := range stopOrder() {
		for _, name := range group {
			own[name] = true
		}
	}
	var others []string // programs of StartProcess
	for _, p := range parts {
		if !p.Running {
			continue
		}
		running[p.Name] = p
		if !own[p.Name] {
			others = append(others, p.Name)
		}
	}
	for _, group := range append([][]string{others}, stopOrder()...) {
		if err := downTogether(ctx, group, running); err != nil {
			return err
		}
	}
	for _, p := range parts {
		if err := os.Remove(p.pidFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// downTogether asks all of the group to end, waits, and kills what is left.
func downTogether(ctx context.Context, names []string, running map[string]Part) error {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		left, err := signalTogether(ctx, names, running, s)
		if len(left) == 0 {
			return nil
		}
		if s == syscall.SIGKILL {
			return err
		}
		// The context has cut the waiting short, not the killing.
		names, ctx = left, context.WithoutCancel(ctx)
	}
	return nil
}

// signalTogether returns who is left after the grace, and an error about one of
// them.
func signalTogether(ctx context.Context, names []string, running map[string]Part, s syscall.Signal) (left []string, err error) {
	for _, name := range names {
		if p, ok := running[name]; ok {
			_ = syscall.Kill(p.Pid, s) // gone in this moment: as well
		}
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for _, name := range names {
		p, ok := running[name]
		if !ok {
			continue
		}
		if late := poll(ctx, pollEvery, p.gone); late != nil {
			left, err = append(left, name), late
		}
	}
	return left, err
}

// Part is a process of a cluster as its pid file tells.
type Part struct {
	Name    string
	Pid     int
	Running bool

	dir, pidFile string
}

// Status lists the processes that were started in the folder, sorted by name.
func Status(dir string) ([]Part, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(os.DirFS(dir), "*"+pidSuffix)
	if err != nil {
		return nil, err
	}
	var parts []Part
	for _, name := range names {
		p := Part{Name: strings.TrimSuffix(name, pidSuffix), dir: dir, pidFile: filepath.Join(dir, name)}
		text, err := os.ReadFile(p.pidFile)
		if err != nil {
			return nil, err
		}
		p.Pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || p.Pid <= 1 {
			return nil, fmt.Errorf("reading %q: no process id", p.pidFile)
		}
		p.Running = isRunning(p.Pid, dir)
		parts = append(parts, p)
	}
	return parts, nil
}

func (p Part) gone(context.Context) error {
	if isRunning(p.Pid, p.dir) {
		return fmt.Errorf("%s (process %d) is still running", p.Name, p.Pid)
	}
	return nil
}
