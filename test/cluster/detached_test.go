package cluster

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestUpOutlivesItsStarterAndDownEndsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	t.Parallel()
	dir := t.TempDir()
	t.Cleanup(func() {
		if t.Failed() {
			_ = Down(t.Context(), dir)
		}
	})
	up := func() *Cluster {
		t.Helper()
		if _, err := Up(t.Context(), Options{Dir: dir, NoCertManager: true, Nodes: 2}); err != nil {
			t.Fatal(err)
		}
		// What another process does.
		c, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := up()
	create(t, first, "kept", "example.com/app:1.0.0")
	pids := running(t, dir)

	second := up()
	if _, err := second.Client().AppsV1().Deployments("default").Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("the data of the first start: %v", err)
	}
	nodes, err := second.Client().CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(nodes.Items) != 2 {
		t.Errorf("%d nodes, want 2: %v", len(nodes.Items), err)
	}
	for _, pid := range running(t, dir) {
		if slices.Contains(pids, pid) {
			t.Errorf("process %d is of the first start", pid)
		}
	}
	if err := second.StopAPIServer(); err == nil {
		t.Error("an opened cluster stops a process that it does not hold")
	}

	pids = running(t, dir)
	if err := Down(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if isRunning(pid, dir) {
			t.Errorf("process %d is still running", pid)
		}
	}
	if left := running(t, dir); len(left) != 0 {
		t.Errorf("pid files left: %v", left)
	}
	if err := Down(t.Context(), dir); err != nil {
		t.Errorf("a second down: %v", err)
	}
}

func running(t *testing.T, dir string) (pids []int) {
	t.Helper()
	parts, err := Status(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if !p.Running {
			t.Errorf("%s is dead", p.Name)
		}
		pids = append(pids, p.Pid)
	}
	return pids
}
