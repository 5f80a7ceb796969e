package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the updater moved has its time, what an undo brought back says so, and
// the order is that in which it happened.
func TestHistoryOfTwoMovesAndAnUndo(t *testing.T) {
	space := newSpace(t)
	space.push("1.2.0")
	s := &steps{space, "deployment/web"}
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	for _, tag := range []string{"1.2.1", "1.2.2"} {
		s.settled("web")
		s.push(tag)
		s.awaitImage(tag)
		s.event("web", "ImageUpdated", "-> "+s.space.image+":"+tag)
	}
	s.settled("web")
	s.must("", "rollout", "undo", "deployment/web")
	s.event("web", "ImageHeld", "1.2.2 is held")

	type entry struct{ Image, By, Why string }
	var answer struct {
		APIVersion, Kind, Workload string
		Entries                    []struct {
			entry
			Time, Source string
			Running      bool
		}
	}
	if err := json.Unmarshal([]byte(s.tool("history", "deploy/web", "-o", "json")), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.APIVersion != "garboard.dev/v1alpha1" || answer.Kind != "WorkloadHistory" || answer.Workload != "deployment.apps/web" {
		t.Errorf("got %+v", answer)
	}
	var got []entry
	for _, e := range answer.Entries {
		if e.By == "updater" && e.Time == "" || e.Image != "" && e.Source != s.space.image+":1.2.0" || e.Running != (e.Why == "went back; 1.2.2 is held") {
			t.Errorf("got %+v", e)
		}
		if !strings.HasPrefix(e.Why, "RolloutSucceeded: ") { // the first may be overtaken
			got = append(got, e.entry)
		}
	}
	want := []entry{
		{"", "updater", "ImageHeld: " + s.space.image + ":1.2.1 stays: 1.2.2 is held"},
		{s.space.image + ":1.2.1", "writer", "went back; 1.2.2 is held"},
		{s.space.image + ":1.2.2", "updater", "moved from " + s.space.image + ":1.2.1"},
		{s.space.image + ":1.2.1", "updater", "moved from " + s.space.image + ":1.2.0"},
		{s.space.image + ":1.2.0", "writer", "as the manifest names it"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if table := s.tool("history", "deployment/web"); !strings.HasPrefix(table, "WHEN ") || strings.Count(table, "\n") != 1+len(answer.Entries) {
		t.Errorf("got\n%s", table)
	}
}

func TestHistoryOfWhatHasNone(t *testing.T) {
	space := newSpace(t)
	s := &steps{space, "deployment/web"}
	s.must(s.manifest("web", "1.2.0"), "apply", "-f", "-") // no policy
	out, said, err := s.run("history", "deployment/web")
	if want := "deployment.apps/web has no history: Garboard has not decided about it yet.\n"; out != "" || said != want || err != nil {
		t.Errorf("got %q, %q, %v", out, said, err)
	}
	for name, want := range map[string]string{
		"deployments.v1.apps/none": fmt.Sprintf("garboard: reading deployment \"none\" in namespace %q: deployments.apps \"none\" not found\n", s.name),
		"configmap/kube-root-ca.crt": fmt.Sprintf("garboard: reading configmap \"kube-root-ca.crt\" in namespace %q: "+
			"ConfigMap \"kube-root-ca.crt\" is no workload that Garboard governs\n", s.name),
		"deployments.v2.apps/web": "garboard: \"deployments.v2.apps\": the cluster has no such resource\n",
	} {
		if out, said, err := s.run("history", name); err == nil || out != "" || said != want {
			t.Errorf("%s: got %q, %q, want %q", name, out, said, want)
		}
	}
}

// kubectl finds the program by its name, and the flags that it takes are its
// own: --context, --as.
func TestPluginOfKubectl(t *testing.T) {
	s := newSpace(t)
	bin := t.TempDir()
	if err := os.Symlink(s.garboard.Binary, filepath.Join(bin, "kubectl-garboard")); err != nil {
		t.Fatal(err)
	}
	path := []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	run := func(args ...string) (string, error) {
		out, said, err := s.KubectlWith(t.Context(), path, "", append([]string{"garboard"}, args...)...)
		return out + said, err
	}
	if out, err := run("hold", "list", "--help"); err != nil || !strings.Contains(out, "  kubectl garboard hold list -A -o json") {
		t.Errorf("got %v:\n%s", err, out)
	}
	kubeconfig := "--kubeconfig=" + s.Kubeconfig
	if out, err := run("hold", "list", "-n", s.name, kubeconfig); err != nil || !strings.Contains(out, "Nothing is held.") {
		t.Errorf("got %v:\n%s", err, out)
	}
	_, failed := run("hold", "list", "-n", s.name, kubeconfig, "--as=nobody")
	if failed == nil || !strings.Contains(failed.Error(), `User "nobody" cannot list resource`) {
		t.Errorf("got %v", failed)
	}
	if _, err := run("hold", "list", kubeconfig, "--context=none"); err == nil || !strings.Contains(err.Error(), `context "none" does not exist`) {
		t.Errorf("got %v", err)
	}
}
