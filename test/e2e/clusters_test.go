package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/test/installation"
)

var (
	together = flag.Int("together", 8, "tests at a time in the cluster that they share")
	clusters = flag.Int("clusters", 2, "clusters for tests that have one to themselves")
)

// pool has the clusters of a run. Each starts when a test asks for it, so that a run of
// one test starts one.
type pool struct {
	turns  chan struct{} // taken by each test in the shared cluster
	shared func() (*suite, error)
	build  func() error // of the program, once for all clusters
	dir    string       // of the program
	idle   chan *suite  // for a test to have to itself; nil for one that is not started

	starting sync.Mutex

	mu      sync.Mutex
	started []*suite
	users   map[string]*suite // by the name of the test
}

var run *pool

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipping: starts a cluster")
		return
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	dir, err := os.MkdirTemp("", "garboard-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	run = newPool(dir, *together, *clusters)
	// How many tests run at a time is for the pool to say: one that waits for its turn
	// must keep none of the others from theirs.
	if err := flag.Set("test.parallel", strconv.Itoa(1000)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := run.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func newPool(dir string, together, clusters int) *pool {
	p := &pool{dir: dir, turns: make(chan struct{}, together), idle: make(chan *suite, clusters), users: map[string]*suite{}}
	p.shared = sync.OnceValues(func() (*suite, error) { return p.start(false) })
	p.build = sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), startLimit)
		defer cancel()
		return installation.Build(ctx, source, p.program())
	})
	for range clusters {
		p.idle <- nil
	}
	return p
}

// program is the path of Garboard.
func (p *pool) program() string { return filepath.Join(p.dir, "garboard") }

func (p *pool) start(alone bool) (*suite, error) {
	// One after another: tests of the first run while the second starts, and all at once
	// would be minutes on a busy machine.
	p.starting.Lock()
	defer p.starting.Unlock()
	if err := p.build(); err != nil {
		return nil, err
	}
	s, err := newSuite(p.program(), alone)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = append(p.started, s)
	return s, nil
}

// stop ends all clusters, after a look at what they logged.
func (p *pool) stop() error {
	var errs []error
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, s := range p.started {
		all.Go(func() {
			err := errors.Join(passwordsInLogs(s), s.end())
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	all.Wait()
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// alone gives a test a cluster that no other test uses until it ends. One that fails may
// leave its cluster in any state, so that the next test gets another.
func alone(t testing.TB) {
	t.Helper()
	parallel(t)
	s := <-run.idle
	var err error
	if s == nil {
		s, err = run.start(true)
	}
	if err != nil {
		run.idle <- nil
		t.Fatal(err)
	}
	run.enter(t, s, func() {
		if !t.Failed() {
			run.idle <- s
			return
		}
		if err := errors.Join(s.keepLogs(t.Name()), run.drop(s)); err != nil {
			t.Error(err)
		}
		run.idle <- nil
	})
}

// share lets a test use the cluster that most tests share.
func share(t testing.TB) *suite {
	t.Helper()
	parallel(t)
	run.turns <- struct{}{}
	s, err := run.shared()
	if err != nil {
		<-run.turns
		t.Fatal(err)
	}
	run.enter(t, s, func() {
		<-run.turns
		if t.Failed() {
			if err := s.keepLogs(t.Name()); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// suiteOf is the cluster that a test uses, or one that it is a part of. One that uses
// none shares one from now on.
func suiteOf(t testing.TB) *suite {
	t.Helper()
	if s := run.usedBy(t.Name()); s != nil {
		return s
	}
	return share(t)
}

// parallel lets a test run beside others.
func parallel(t testing.TB) {
	t.Helper()
	t.(interface{ Parallel() }).Parallel()
}

// enter notes that a test uses a cluster; left is called at its end.
func (p *pool) enter(t testing.TB, s *suite, left func()) {
	p.mu.Lock()
	p.users[t.Name()] = s
	p.mu.Unlock()
	began := time.Now()
	t.Cleanup(func() {
		p.mu.Lock()
		delete(p.users, t.Name())
		p.mu.Unlock()
		t.Logf("took %.1f s of its cluster", time.Since(began).Seconds())
		left()
	})
}

func (p *pool) usedBy(test string) *suite {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if s := p.users[test]; s != nil {
			return s
		}
		end := strings.LastIndexByte(test, '/')
		if end < 0 {
			return nil
		}
		test = test[:end]
	}
}

// drop stops a cluster before the others.
func (p *pool) drop(s *suite) error {
	p.mu.Lock()
	for i, other := range p.started {
		if other == s {
			p.started = append(p.started[:i:i], p.started[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	return s.end()
}
