package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func installChart(t *testing.T, c *Cluster) {
	chart := t.TempDir()
	for name, text := range map[string]string{
		"Chart.yaml":          "{apiVersion: v2, name: notes, version: 1.0.0}",
		"values.yaml":         "text: none",
		"templates/note.yaml": `{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}"}, data: {text: "{{ .Values.text }}"}}`,
	} {
		name = filepath.Join(chart, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := c.Helm(t.Context(), "text: from standard input", "install", "note", chart, "--namespace=default", "--values=-"); err != nil {
		t.Fatal(err)
	}
	got, _, err := c.Kubectl(t.Context(), "", "get", "configmap", "note", "-o=jsonpath={.data.text}")
	if err != nil || got != "from standard input" {
		t.Errorf("the release has the text %q: %v", got, err)
	}
	_, _, err = c.Helm(t.Context(), "", "rollback", "note", "17", "--namespace=default")
	if err == nil || !strings.Contains(err.Error(), "running helm rollback note 17") {
		t.Errorf("rollback to a revision that is not there: %v", err)
	}
}

// Somebody who works on Garboard may have a Helm of their own, with a namespace
// and a storage driver set for it.
func TestHelmKnowsNothingOfTheUsersOwn(t *testing.T) {
	t.Setenv("HELM_NAMESPACE", "of-the-user")
	t.Setenv("HELM_DATA_HOME", "/of/the/user")
	env := (&Cluster{Dir: "/cluster", Kubeconfig: "/cluster/kubeconfig"}).helmEnvironment()
	for _, v := range env {
		if strings.Contains(v, "of-the-user") || strings.Contains(v, "/of/the/user") {
			t.Errorf("it is told %q", v)
		}
	}
	for _, want := range []string{"KUBECONFIG=/cluster/kubeconfig", "HELM_DATA_HOME=/cluster/helm/data"} {
		if !slices.Contains(env, want) {
			t.Errorf("it is not told %q", want)
		}
	}
}

func TestAnEntryIsBuiltOnce(t *testing.T) {
	entry := filepath.Join(t.TempDir(), "tools", "tool")
	var built atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := once(t.Context(), entry, "tool.lock", t.Output(), func() error {
				built.Add(1)
				return os.Mkdir(entry, 0o750)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := built.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
}
