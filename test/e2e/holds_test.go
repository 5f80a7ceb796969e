package e2e

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// steps walks one workload through a story.
type steps struct {
	*space
	object string // deployment/web
}

func (s *steps) image() string {
	s.t.Helper()
	return s.imageOf(s.object)
}

func (s *steps) hold() string {
	s.t.Helper()
	w, err := s.workload(s.t.Context(), s.object)
	if err != nil {
		s.t.Fatal(err)
	}
	return w.GetAnnotations()["garboard.dev/hold"]
}

func (s *steps) want(after, image, hold string) {
	s.t.Helper()
	if got := s.image(); got != image {
		s.t.Fatalf("after %s it runs %s, want %s", after, got, image)
	}
	if got := s.hold(); got != hold {
		s.t.Fatalf("after %s the hold is %q, want %q", after, got, hold)
	}
}

func (s *steps) awaitImage(image string) {
	s.t.Helper()
	s.await(s.object+" to name "+image, func(context.Context) error {
		if got := s.image(); got != image {
			return errors.New("it names " + got)
		}
		return nil
	})
}

// tool runs the garboard command as a user of the cluster.
func (s *steps) tool(args ...string) string {
	s.t.Helper()
	out, said, err := s.run(args...)
	if err != nil {
		s.t.Fatalf("garboard %s: %v: %s", strings.Join(args, " "), err, said)
	}
	return out
}

func (s *steps) run(args ...string) (stdout, stderr string, err error) {
	return s.runAnywhere(append(args, "-n", s.name)...)
}

// runAnywhere leaves the namespace to the arguments.
func (s *steps) runAnywhere(args ...string) (stdout, stderr string, err error) {
	var out, errs strings.Builder
	command := exec.CommandContext(s.t.Context(), s.garboard.Binary, append(args, "--kubeconfig="+s.Kubeconfig)...)
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}

// An undo survives polls and the old manifest, and ends with its own undo, on
// each kind that has revisions; then with something higher.
func TestUndoStaysUndone(t *testing.T) {
	parallel(t)
	for _, name := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		t.Run(name, func(t *testing.T) {
			space := newSpace(t)
			space.push("1.2.0", "1.2.7")
			k := kinds(space.image)[name]
			s := &steps{space, k.resource + "/it"}
			manifest := strings.Replace(k.manifest, quiet, everySecond, 1)
			const held = "first=1.2.8,volume/data=1.2.8,web=1.2.8"
			s.must(manifest, "apply", "-f", "-")
			s.want("the apply", "1.2.7", "")
			s.push("1.2.8")
			s.awaitImage("1.2.8")
			s.rolled(s.object)

			_, warned := s.must("", "rollout", "undo", s.object)
			if want := "1.2.8 -> 1.2.7 as written; 1.2.8 is held"; !strings.Contains(warned, want) {
				t.Errorf("kubectl said %q, want %q", warned, want)
			}
			s.want("the undo", "1.2.7", held)
			s.event("it", "ImageHeld", "stays: 1.2.8 is held")
			s.polled()
			s.want("three polls", "1.2.7", held)
			for _, apply := range [][]string{{"apply", "-f", "-"}, {"replace", "-f", "-"}} {
				s.must(manifest, apply...)
				s.want(apply[0], "1.2.7", held)
			}
			out := s.tool("hold", "list")
			want := "WORKLOAD CONTAINER RUNNING HELD"
			for _, container := range []string{"first", "volume/data", "web"} {
				want += " " + strings.ToLower(name) + ".apps/it " + container + " 1.2.7 1.2.8"
			}
			if got := strings.Join(strings.Fields(out), " "); got != want {
				t.Errorf("hold list printed %s, want %s", got, want)
			}

			s.must("", "rollout", "undo", s.object)
			s.want("the undo of the undo", "1.2.8", "")
			// The former revisions serve again: each template equals itself.
			revisions := "controllerrevisions"
			if name == "Deployment" {
				revisions = "replicasets"
			}
			if out, _ := s.must("", "get", revisions, "--no-headers"); strings.Count(out, "\n") != 2 {
				t.Errorf("not 2 %s:\n%s", revisions, out)
			}
			s.must("", "rollout", "undo", s.object)
			s.want("one more undo", "1.2.7", held)
			s.push("1.2.9")
			s.awaitImage("1.2.9")
			s.want("something higher", "1.2.9", "")
		})
	}
}

// Undone by two revisions, it is the highest version left that is held.
func TestUndoToAnOlderRevisionHoldsTheHighestLeft(t *testing.T) {
	s := &steps{newSpace(t), "deployment/web"}
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	for _, tag := range []string{"1.2.1", "1.2.2"} {
		s.push(tag)
		s.awaitImage(tag)
		s.settled("web")
	}
	s.must("", "rollout", "undo", s.object)
	s.want("the undo", "1.2.1", "web=1.2.2")
	s.must("", "rollout", "undo", s.object, "--to-revision=1")
	s.want("the undo to the first revision", "1.2.0", "web=1.2.2")
	s.polled()
	s.want("three polls", "1.2.0", "web=1.2.2")
}

func TestGitUpAndDown(t *testing.T) {
	s := &steps{newSpace(t), "deployment/web"}
	s.push("1.2.0", "1.2.7", "1.3.0", "1.3.4")
	manifest := func(tag string) string {
		return s.manifest("web", tag, "garboard.dev/policy: patch", everySecond)
	}
	minor := func(tag string) string { return s.manifest("web", tag, "garboard.dev/policy: minor", everySecond) }
	s.must(manifest("1.2.0"), "apply", "-f", "-")
	s.want("Git at 1.2.0", "1.2.7", "")
	s.must(manifest("1.3.0"), "apply", "-f", "-")
	s.want("Git up", "1.3.4", "")
	s.must(manifest("1.2.0"), "apply", "-f", "-")
	s.want("Git down out of the policy's reach", "1.2.7", "")

	s.must(minor("1.2.0"), "apply", "-f", "-")
	s.want("a wider policy", "1.3.4", "")
	s.must(minor("1.3.0"), "apply", "-f", "-")
	s.want("Git up, to what it runs already", "1.3.4", "")
	_, warned := s.must(minor("1.1.0"), "apply", "-f", "-")
	if want := "1.3.4 -> 1.1.0 as written; 1.3.4 is held"; !strings.Contains(warned, want) {
		t.Errorf("kubectl said %q, want %q", warned, want)
	}
	s.want("Git down", "1.1.0", "web=1.3.4")
	s.polled()
	s.must(minor("1.1.0"), "apply", "-f", "-")
	s.want("three polls and the same manifest again", "1.1.0", "web=1.3.4")
	s.must(minor("1.3.4"), "apply", "-f", "-")
	s.want("Git up to what was left", "1.3.4", "")
}

// Set by hand beyond what the policy reaches from the manifest, the manifest
// wins again; within its reach what was set stays.
func TestSetImageUpAndApply(t *testing.T) {
	parallel(t)
	for policy, after := range map[string]string{"patch": "1.2.7", "minor": "1.3.4"} {
		t.Run(policy, func(t *testing.T) {
			s := &steps{newSpace(t), "deployment/web"}
			s.push("1.2.0", "1.2.7")
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: "+policy, quiet)
			s.must(manifest, "apply", "-f", "-")
			s.push("1.3.0", "1.3.4")
			s.must("", "set", "image", s.object, "web="+s.space.image+":1.3.0")
			s.want("set image", "1.3.4", "")
			s.must(manifest, "apply", "-f", "-")
			s.want("the apply", after, "")
		})
	}
}

// A workload that something else moved before Garboard came: its undo, and the
// manifest that names less than what runs.
func TestFirstContactWithAnImageAboveTheManifests(t *testing.T) {
	parallel(t)
	for name, test := range map[string]struct {
		act         func(s *steps, manifest string)
		image, hold string
	}{
		"the manifest keeps it": {func(s *steps, manifest string) { s.must(manifest, "apply", "-f", "-") }, "1.2.7", ""},
		"an undo is obeyed":     {func(s *steps, _ string) { s.must("", "rollout", "undo", s.object) }, "1.2.0", "web=1.2.7"},
		"an undo of the undo too, and the manifest keeps it": {func(s *steps, manifest string) {
			s.must("", "rollout", "undo", s.object)
			s.must("", "rollout", "undo", s.object)
			s.must(manifest, "apply", "-f", "-")
		}, "1.2.7", ""},
		"a label changes nothing":  {func(s *steps, _ string) { s.must("", "label", s.object, "x=y") }, "1.2.7", ""},
		"set image down is obeyed": {func(s *steps, _ string) { s.must("", "set", "image", s.object, "web="+s.space.image+":1.2.0") }, "1.2.0", "web=1.2.7"},
		"an undo after the manifest is obeyed": {func(s *steps, manifest string) {
			s.must(manifest, "apply", "-f", "-")
			s.must("", "rollout", "undo", s.object)
		}, "1.2.0", "web=1.2.7"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &steps{makeSpace(t, nil), "deployment/web"}
			s.push("1.2.0", "1.2.7")
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
			s.must(manifest, "apply", "-f", "-")
			// As Keel does it: an update without a field manager of kubectl's.
			s.must("", "patch", s.object, "--field-manager=keel", "-p", `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"`+s.space.image+`:1.2.7"}]}}}}`)
			s.settled("web")
			s.must("", "label", "namespace", s.name, "garboard.dev/enabled=true")
			s.awaitOptIn()
			test.act(s, manifest)
			s.want(name, test.image, test.hold)
		})
	}
}

// While no webhook answers an undo goes past us. What can be told of it
// afterwards is held: a Deployment's undo brings the state back, too, and so
// looks as if nothing had happened since.
func TestUndoWhileTheWebhookIsAway(t *testing.T) {
	alone(t)
	space := newSpace(t)
	stateful, deployed := &steps{space, "statefulset/it"}, &steps{space, "deployment/it"}
	both := kinds(space.image)["StatefulSet"].manifest + "---\n" + kinds(space.image)["Deployment"].manifest
	space.push("1.2.0", "1.2.7")
	space.must(both, "apply", "-f", "-")
	space.push("1.2.8")
	for _, s := range []*steps{stateful, deployed} {
		s.await("the apply to take 1.2.8", func(context.Context) error {
			s.must(both, "apply", "-f", "-")
			if got := s.image(); got != "1.2.8" {
				return errors.New("it names " + got)
			}
			return nil
		})
		s.rolled(s.object)
	}
	space.failurePolicy("Ignore")
	t.Cleanup(func() { space.failurePolicy("Fail") })
	space.only()
	for _, s := range []*steps{stateful, deployed} {
		s.await("the undo to pass", func(context.Context) error {
			_, _, err := s.kubectl("", "rollout", "undo", s.object)
			return err
		})
		s.want("the undo past us", "1.2.7", "")
	}
	space.only(space.start(), space.start())
	_, warned := space.must("", "label", stateful.object, "touched=yes")
	if want := "1.2.7 stays, brought back past Garboard; 1.2.8 is held"; !strings.Contains(warned, want) {
		t.Errorf("kubectl said %q, want %q", warned, want)
	}
	const held = "first=1.2.8,volume/data=1.2.8,web=1.2.8"
	stateful.want("a label", "1.2.7", held)
	space.must(both, "apply", "-f", "-")
	stateful.want("the manifest again", "1.2.7", held)
	deployed.want("the manifest again", "1.2.8", "")
}

func TestHoldsByHand(t *testing.T) {
	s := &steps{newSpace(t), "deployment/web"}
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	told := func(want string, args ...string) {
		t.Helper()
		out := s.tool(args...)
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%s printed (-want +got):\n%s", strings.Join(args, " "), diff)
		}
	}
	told("deployment.apps/web: web stays at 1.2.7: 1.2.8 is held\n", "hold", "set", "deploy/web", "web=1.2.8")
	s.want("hold set", "1.2.7", "web=1.2.8")
	s.push("1.2.8")
	s.polled()
	s.want("three polls", "1.2.7", "web=1.2.8")
	told("deployment.apps/web: web runs 1.2.8: 1.2.8 is no longer held\n", "hold", "clear", "deployments.apps/web")
	s.want("hold clear", "1.2.8", "")
	told("deployment.apps/web: web runs 1.2.8: 1.2.7 is not held, since that is above it or the same\n", "hold", "set", "deployment/web", "web=1.2.7")
	told("[]\n", "hold", "list", "-o", "json")

	s.must("", "create", "deployment", "free", "--image=example.com/app:1.0.0")
	for what, refused := range map[string]struct{ args, want string }{
		"no such container": {"deployment/web wbe=1.2.9", `deployment.apps/web has no container "wbe"`},
		"no policy":         {"deployment/free app=1.2.9", `container "app" of deployment.apps/free has no policy: holds have no effect there`},
		"another variant":   {"deployment/web web=1.2.9-alpine", "web=1.2.9-alpine keeps nothing back where 1.2.8 runs (policy patch); write a whole tag of the same form"},
		"no such resource":  {"deploymint/web web=1.2.9", `"deploymint": the cluster has no such resource`},
	} {
		_, said, err := s.run(append([]string{"hold", "set"}, strings.Fields(refused.args)...)...)
		if err == nil || !strings.Contains(said, refused.want) {
			t.Errorf("%s: %v, it said %q, want %q", what, err, said, refused.want)
		}
	}

	_, _, err := s.kubectl("", "annotate", s.object, "garboard.dev/hold=web")
	if err == nil || !strings.Contains(err.Error(), `metadata.annotations[garboard.dev/hold]: Invalid value: "web": "web" is no hold; allowed: container=tag`) {
		t.Errorf("a bad hold: %v", err)
	}
	d, err := s.Client().AppsV1().Deployments(s.name).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil || d.Annotations["garboard.dev/hold"] != "" {
		t.Errorf("the bad hold was stored: %v, %v", d.Annotations, err)
	}
}
