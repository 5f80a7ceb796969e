package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// other is a StatefulSet or a DaemonSet named it, with an image in each place.
type other struct {
	*space
	kind    kind
	objects dynamic.ResourceInterface
}

// The kinds whose revisions are ControllerRevisions: applied, replaced and
// restarted they keep their images, and only the restart rolls.
func TestEveryWriterOfOtherKinds(t *testing.T) {
	parallel(t)
	for _, name := range []string{"StatefulSet", "DaemonSet"} {
		for how, apply := range map[string][]string{
			"applied":             {"apply"},
			"applied server side": {"apply", "--server-side"},
			"replaced":            {"replace"},
		} {
			t.Run("a "+name+" is "+how, func(t *testing.T) {
				s := newSpace(t)
				s.push("1.2.0", "1.2.7")
				o := s.other(name)
				create := apply
				if apply[0] == "replace" {
					create = []string{"create"}
				}
				o.send(create)
				o.wantImages("1.2.7")
				o.wantNoChange(apply)
				o.wantRevisions(1)
				s.pushSeen("1.2.8")
				s.must("", "rollout", "restart", o.kind.resource+"/it")
				o.wantImages("1.2.7")
				o.wantRevisions(2)
			})
		}
	}
}

func (s *space) other(name string) *other {
	s.t.Helper()
	client, err := dynamic.NewForConfig(s.RESTConfig())
	if err != nil {
		s.t.Fatal(err)
	}
	k := kinds(s.image)[name]
	resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: k.resource + "s"}
	return &other{space: s, kind: k, objects: client.Resource(resource).Namespace(s.name)}
}

func (o *other) send(command []string) {
	o.t.Helper()
	o.must(o.kind.manifest, append(command, "-f", "-")...)
}

// settled waits for the rollout and returns the object.
func (o *other) settled() *unstructured.Unstructured {
	o.t.Helper()
	o.rolled(o.kind.resource + "/it")
	object, err := o.objects.Get(o.t.Context(), "it", metav1.GetOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	return object
}

// wantImages checks the containers and the record of them.
func (o *other) wantImages(tag string) {
	o.t.Helper()
	object := o.settled()
	for _, list := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", list)
		for _, c := range containers {
			if got := c.(map[string]any)["image"]; got != o.image+":"+tag {
				o.t.Errorf("%s: %v, want %s", list, got, tag)
			}
		}
	}
	record, _, _ := unstructured.NestedString(object.Object, "spec", "template", "metadata", "annotations", "garboard.dev/resolved")
	if !strings.Contains(record, "web="+tag) {
		o.t.Errorf("the record is %q", record)
	}
	if state := object.GetAnnotations()["garboard.dev/state"]; !strings.Contains(state, tag) {
		o.t.Errorf("the state is %q", state)
	}
}

// wantNoChange sends the manifest again: see space.wantNoChange.
func (o *other) wantNoChange(command []string) {
	o.t.Helper()
	o.await("a write that stores nothing", func(context.Context) error {
		before, after := o.around(command)
		if diff := cmp.Diff(content(before), content(after)); diff != "" {
			o.t.Fatalf("the same manifest again changed something (-before +after):\n%s", diff)
		}
		if before.GetResourceVersion() != after.GetResourceVersion() {
			return fmt.Errorf("it stored something (-before +after):\n%s", cmp.Diff(before, after))
		}
		return nil
	})
}

// content is the object without what tells who wrote last.
func content(object *unstructured.Unstructured) map[string]any {
	o := object.DeepCopy()
	o.SetManagedFields(nil)
	o.SetResourceVersion("")
	return o.Object
}

func (o *other) around(command []string) (before, after *unstructured.Unstructured) {
	o.t.Helper()
	o.await("a write while the status rests", func(context.Context) error {
		before = o.settled()
		o.send(command)
		after = o.settled()
		// A generation is no controller's doing: the write has changed something.
		if before.GetGeneration() == after.GetGeneration() && !cmp.Equal(before.Object["status"], after.Object["status"]) {
			return errors.New("a controller changed it")
		}
		return nil
	})
	return before, after
}

// wantRevisions counts the ControllerRevisions.
func (o *other) wantRevisions(want int) {
	o.t.Helper()
	list, err := o.Client().AppsV1().ControllerRevisions(o.name).List(o.t.Context(), metav1.ListOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	if n := len(list.Items); n != want {
		o.t.Errorf("%d ControllerRevisions, want %d", n, want)
	}
}
