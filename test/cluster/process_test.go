package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

const helperVariable = "GARBOARD_TEST_HELPER_DIR"

// TestMain: with the variable set, this binary is the parent in
// TestBoundProcessDiesWithItsParent.
func TestMain(m *testing.M) {
	dir := os.Getenv(helperVariable)
	if dir == "" {
		m.Run()
		return
	}
	p, err := startProcess(context.Background(), dir, true, program{name: "sleeper", path: "/bin/sleep", args: []string{"600"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(p.Pid())
	<-p.Done()
}

func TestBoundProcessDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux binds a child to its parent")
	}
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), helperVariable+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	child := Part{Name: "sleeper", Pid: pid, dir: dir}
	if child.gone(t.Context()) == nil {
		t.Fatal("the child is not running")
	}

	// As a test binary dies that is killed: no deferred function, no Stop.
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := poll(ctx, pollEvery, child.gone); err != nil {
		t.Errorf("the child outlives its parent: %v", err)
	}
}

func TestStopKillsWhatDoesNotEnd(t *testing.T) {
	dir := t.TempDir()
	p, err := startProcess(t.Context(), dir, true, program{
		name: "stubborn", path: "/bin/sh", args: []string{"-c", `trap "" TERM; echo ready; while :; do read x </dev/zero; done`},
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, func(context.Context) error {
		if log, _ := os.ReadFile(p.Log); string(log) != "ready\n" {
			return fmt.Errorf("log %q", log)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no patience
	if err := p.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if !p.ended() {
		t.Error("Stop has returned before the process was gone")
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Errorf("stopping it twice: %v", err)
	}
	if parts, err := Status(dir); err != nil || len(parts) != 0 {
		t.Errorf("pid files left: %v, %v", parts, err)
	}
}

func TestAwaitNamesTheLogOfAPartThatDied(t *testing.T) {
	p, err := startProcess(t.Context(), t.TempDir(), true, program{name: "etcd", path: "/bin/sh", args: []string{"-c", "echo address in use; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	err = new(Cluster).await(t.Context(), p, "etcd", func(context.Context) error { return fmt.Errorf("refused") })
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"waiting for etcd", "exit status 3", "refused", p.Log, "address in use"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

// await polls for ten seconds.
func await(t *testing.T, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := poll(ctx, pollEvery, check); err != nil {
		t.Fatal(err)
	}
}
