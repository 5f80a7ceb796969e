package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// owner makes an object that can own others, and returns its UID: what nobody
// owns any more is collected.
func (s *space) owner() (uid string) {
	s.t.Helper()
	uid, _ = s.must("", "create", "configmap", "owner-"+strings.ToLower(strings.Map(letters, s.t.Name())), "-o=jsonpath={.metadata.name} {.metadata.uid}")
	return uid
}

func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

// ownedBy is the metadata of an object that a controller owns.
func (s *space) ownedBy(owner string) string {
	name, uid, _ := strings.Cut(owner, " ")
	return fmt.Sprintf("  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: %q, uid: %q, controller: true}]\n", name, uid)
}

// wantUnmarked fails where Garboard has written to an object.
func (s *space) wantUnmarked(object string) {
	s.t.Helper()
	out, _ := s.must("", "get", object, "-o=yaml")
	for _, key := range []string{"garboard.dev/state:", "garboard.dev/resolved:", "garboard.dev/bump:"} {
		if strings.Contains(out, key) {
			s.t.Errorf("%s has %s", object, key)
		}
	}
}

// wantNoConditionErrors fails where the API server could not evaluate a match
// condition: the request was refused then.
func wantNoConditionErrors(t *testing.T) {
	t.Helper()
	metrics, _, err := suiteOf(t).Kubectl(t.Context(), "", "get", "--raw", "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "apiserver_admission_match_condition_evaluation_errors_total") {
			t.Errorf("a match condition failed: %s", line)
		}
	}
}

// The whole namespace has a policy, so that nothing but its owner keeps an
// object from being moved: ReplicaSets and Pods run what the template says.
func TestOwnedObjectsAreNeverChanged(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must("", "annotate", "namespace", s.name, "garboard.dev/policy=patch", "garboard.dev/trigger=push")
	s.await("the namespace's default to hold", s.creates("probe", "1.2.0", "1.2.7"))
	for name, resource := range map[string]string{"Deployment": "deployment", "Job": "job", "CronJob": "cronjob"} {
		t.Run("what a "+name+" owns", func(t *testing.T) {
			s := s.of(t)
			manifest := strings.ReplaceAll(strings.ReplaceAll(kinds(s.image)[name].manifest, "name: it\n", "name: "+resource+"\n"), "app: it", "app: "+resource)
			s.must(manifest, "apply", "-f", "-")
			s.push("1.2.8")
			made := "pods"
			switch name {
			case "Deployment":
				s.rolled("deployment/deployment")
				s.must("", "delete", "pods", "-l", "app=deployment") // others come in their place
				s.rolled("deployment/deployment")
				made = "pods,replicasets"
			case "CronJob":
				// As its controller makes it, only now.
				s.must("", "create", "job", "made", "--from=cronjob/cronjob")
				made = "pods,job/made"
			}
			s.wantOwnedAt(made, resource, "1.2.7")
			if err := s.DeleteTag(t.Context(), s.name+"/app", "1.2.8"); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("what a person says is owned", func(t *testing.T) {
		s := s.of(t)
		owner := s.owner()
		manifest := strings.Replace(kinds(s.image)["Pod"].manifest, "metadata:\n", "metadata:\n"+s.ownedBy(owner), 1)
		s.must(manifest, "apply", "-f", "-")
		s.must("", "label", "pod/it", "touched=yes")
		if got, _ := s.must("", "get", "pod/it", "-o=jsonpath={.spec.containers[0].image}"); got != s.image+":1.2.0" {
			t.Errorf("it runs %s", got)
		}
		s.wantUnmarked("pod/it")
		// An owner that does not manage it is no controller.
		free := strings.Replace(strings.Replace(manifest, "controller: true", "controller: false", 1), "name: it\n", "name: free\n", 1)
		s.must(free, "apply", "-f", "-")
		if got, _ := s.must("", "get", "pod/free", "-o=jsonpath={.spec.containers[0].image}"); got != s.image+":1.2.7" {
			t.Errorf("without a controller it runs %s", got)
		}
	})
	wantNoConditionErrors(t)
}

// wantOwnedAt waits for what controllers make of a workload, and checks that it
// runs the tag and was not written to.
func (s *space) wantOwnedAt(resources, app, tag string) {
	s.t.Helper()
	var lines string
	s.await("its Pods", func(context.Context) error {
		lines = ""
		for resource := range strings.SplitSeq(resources, ",") {
			args := []string{"get", resource, "-o=jsonpath={range .items[*]}{.kind} {.metadata.name} {.spec.template.spec.containers[*].image}{.spec.containers[*].image}{\"\\n\"}{end}", "-l", "app=" + app}
			if strings.Contains(resource, "/") {
				args = []string{"get", resource, "-o=jsonpath={.kind} {.metadata.name} {.spec.template.spec.containers[*].image}{\"\\n\"}"}
			}
			out, _ := s.must("", args...)
			if out == "" {
				return fmt.Errorf("no %s", resource)
			}
			lines += out
		}
		return nil
	})
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if fields[2] != s.image+":"+tag {
			s.t.Errorf("%s %s runs %s, want %s", fields[0], fields[1], fields[2], tag)
		}
		if fields[0] == "ReplicaSet" {
			continue // the Deployment controller copies the Deployment's annotations
		}
		if state, _ := s.must("", "get", fields[0], fields[1], "-o=jsonpath={.metadata.annotations.garboard\\.dev/state}"); state != "" {
			s.t.Errorf("%s %s has the state %s", fields[0], fields[1], state)
		}
	}
}

// A debugger is chosen by the person at the keyboard, for a Pod that runs.
func TestEphemeralContainersAreLeftAlone(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	manifest := kinds(s.image)["Pod"].manifest
	s.must(manifest, "apply", "-f", "-")
	s.push("1.2.8")
	_, warned := s.must("", "debug", "it", "--image="+s.image+":1.2.0", "--container=debugger", "--profile=general")
	if strings.Contains(warned, "1.2.") {
		t.Errorf("kubectl said %q", warned)
	}
	want := func(after string) {
		t.Helper()
		got, _ := s.must("", "get", "pod/it", "-o=jsonpath={.spec.containers[*].image} {.spec.ephemeralContainers[*].name} {.spec.ephemeralContainers[*].image}")
		if want := s.image + ":1.2.7 debugger " + s.image + ":1.2.0"; got != want {
			t.Errorf("%s: %s, want %s", after, got, want)
		}
	}
	want("debugged")
	// A write of the Pod itself now carries the ephemeral container along.
	s.must("", "label", "pod/it", "touched=yes")
	want("labelled")
	s.must(manifest, "apply", "-f", "-")
	want("applied again")
	out, _ := s.must("", "get", "pod/it", "-o=jsonpath={.metadata.annotations.garboard\\.dev/state} {.metadata.annotations.garboard\\.dev/resolved}")
	if strings.Contains(out, "debugger") {
		t.Errorf("state and record name the debugger: %s", out)
	}
}
