package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// write is one request of a writer; it returns what the writer was warned of.
type write func(s *space) (warned string)

// writer is one way to write the Deployment web. Its repository has what tags
// names, its policy is patch.
type writer struct {
	// before are the writes that make what is written to.
	before []write
	// newer is true where there is a newer tag, 1.2.8, when the write comes.
	newer bool
	write write
	// again is true for writes that equal ones follow, which must store
	// nothing.
	again bool
	want  written
}

// written is what a write leaves behind.
type written struct {
	Tag string
	// Revisions is how many ReplicaSets there are.
	Revisions int
	// Owners are the managers of the image's field, as "manager operation".
	Owners string
	// Warned is what the writer was told, up to the end of the image's move;
	// empty where there is nothing to tell.
	Warned string
}

// tags are what the repository has before anything is written.
var tags = []string{"1.2.0", "1.2.6", "1.2.7", "1.3.0", "1.3.4"}

// Whoever writes a Deployment, and however: the image that is stored, what rolls,
// what is said, and who owns the image are as docs/how-it-works.md tells; record
// and state are there afterwards, and the same write again changes nothing.
func TestEveryWriter(t *testing.T) {
	parallel(t)
	for name, w := range writers() {
		t.Run(name, func(t *testing.T) { w.run(newSpace(t)) })
	}
}

func (w writer) run(s *space) {
	s.t.Helper()
	s.push(tags...)
	for _, before := range w.before {
		before(s)
		s.rolledOut()
	}
	if w.newer {
		s.pushSeen("1.2.8")
	}
	warned := w.write(s)
	s.rolledOut()
	want := w.want
	want.Warned = strings.ReplaceAll(want.Warned, "APP", s.image)
	got := s.leaves(warned, want.Warned)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("what it leaves (-want +got):\n%s", diff)
	}
	s.wantOurs()
	if w.again {
		s.wantNoChange(w.write)
	}
}

// pushSeen pushes a tag that a create then resolves to: the webhooks' lists
// have it.
func (s *space) pushSeen(tag string) {
	s.t.Helper()
	s.push(tag)
	s.awaitAnswer(s.manifest("probe", "1.2.0", "garboard.dev/policy: patch", quiet), tag, s.moves(tag, "patch"))
}

func (s *space) leaves(warned, want string) written {
	s.t.Helper()
	if strings.HasPrefix(warned, want) && want != "" {
		warned = want
	}
	return written{Tag: s.tag("web"), Revisions: s.revisions(), Owners: owners(s.deployment("web").ManagedFields), Warned: warned}
}

// revisions is how many ReplicaSets the space's Deployments ever had.
func (s *space) revisions() int {
	s.t.Helper()
	list, err := s.Client().AppsV1().ReplicaSets(s.name).List(s.t.Context(), metav1.ListOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(list.Items)
}

// owners are the managers that own the image of the container web.
func owners(fields []metav1.ManagedFieldsEntry) string {
	var all []string
	for _, entry := range fields {
		if strings.Contains(entry.FieldsV1.GetRawString(), `"f:image"`) {
			all = append(all, entry.Manager+" "+string(entry.Operation))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// wantOurs checks that record and state say what runs, and that no bump is
// left. Nobody owns them.
func (s *space) wantOurs() {
	s.t.Helper()
	d := s.deployment("web")
	annotations, tag := d.Spec.Template.Annotations, s.tag("web")
	if got, want := annotations["garboard.dev/resolved"], "web="+tag; got != want {
		s.t.Errorf("record %q, want %q", got, want)
	}
	if bump, ok := annotations["garboard.dev/bump"]; ok {
		s.t.Errorf("the template keeps the bump %q", bump)
	}
	if state := d.Annotations["garboard.dev/state"]; !strings.Contains(state, tag) {
		s.t.Errorf("the state %q does not know %s", state, tag)
	}
	for _, entry := range d.ManagedFields {
		for _, key := range []string{"garboard.dev/resolved", "garboard.dev/state"} {
			if strings.Contains(entry.FieldsV1.GetRawString(), `"f:`+key) {
				s.t.Errorf("%s owns %s", entry.Manager, key)
			}
		}
	}
}

// wantNoChange writes again until nothing is stored: the resourceVersion stays.
// Up to then nothing may change but the order of managedFields, which goes by
// time, in seconds: the writer's entry comes after a controller's.
func (s *space) wantNoChange(again write) {
	s.t.Helper()
	s.await("a write that stores nothing", func(context.Context) error {
		before, after := s.around(again)
		if diff := cmp.Diff(before, after, cmpopts.IgnoreFields(metav1.ObjectMeta{}, "ResourceVersion", "ManagedFields")); diff != "" {
			s.t.Fatalf("the same write again changed something (-before +after):\n%s", diff)
		}
		if before, after := owners(before.ManagedFields), owners(after.ManagedFields); before != after {
			s.t.Fatalf("the same write again made %q of the owners %q", after, before)
		}
		if before.ResourceVersion != after.ResourceVersion {
			return fmt.Errorf("it stored something (-before +after):\n%s", cmp.Diff(before, after))
		}
		return nil
	})
}

// around writes and returns the Deployment before and after, with a status that
// no controller has changed in between.
func (s *space) around(w write) (before, after *appsv1.Deployment) {
	s.t.Helper()
	s.await("a write while the status rests", func(context.Context) error {
		before = s.deployment("web")
		w(s)
		s.rolledOut()
		after = s.deployment("web")
		// A generation is no controller's doing: the write has changed something.
		if before.Generation == after.Generation && !cmp.Equal(before.Status, after.Status) {
			return errors.New("a controller changed it")
		}
		return nil
	})
	return before, after
}

// rolledOut waits until the controller of the Deployment web has nothing left
// to do.
func (s *space) rolledOut() {
	s.t.Helper()
	s.await("the rollout to end", func(context.Context) error {
		d := s.deployment("web")
		status, want := d.Status, *d.Spec.Replicas
		if status.ObservedGeneration != d.Generation || status.UpdatedReplicas != want ||
			status.Replicas != want || status.AvailableReplicas != want {
			return fmt.Errorf("generation %d, %d replicas wanted, status %+v", d.Generation, want, status)
		}
		return nil
	})
}

// send gives kubectl the manifest with a tag.
func send(tag string, args ...string) write {
	return sendWith(tag, "", args...)
}

// sendWith gives it a manifest with one more line in the container.
func sendWith(tag, line string, args ...string) write {
	return func(s *space) string {
		s.t.Helper()
		manifest := s.manifest("web", tag, "garboard.dev/policy: patch", quiet)
		if line != "" {
			manifest += "        " + line + "\n"
		}
		_, warned := s.must(manifest, append(args, "-f", "-")...)
		return warningsIn(warned)
	}
}

// command runs kubectl; APP in it is the repository.
func command(args ...string) write {
	return func(s *space) string {
		s.t.Helper()
		filled := make([]string, len(args))
		for i, arg := range args {
			filled[i] = strings.ReplaceAll(arg, "APP", s.image)
		}
		_, warned := s.must("", filled...)
		return warningsIn(warned)
	}
}

// edit is a person in an editor, who replaces a text.
func edit(before, after string) write {
	return func(s *space) string {
		s.t.Helper()
		editor := filepath.Join(s.t.(*testing.T).TempDir(), "editor")
		script := fmt.Sprintf("#!/bin/sh\nexec sed -i 's|%s|%s|' \"$1\"\n", before, strings.ReplaceAll(after, "APP", s.image))
		if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
			s.t.Fatal(err)
		}
		_, warned, err := s.KubectlWith(s.t.Context(), []string{"KUBE_EDITOR=" + editor}, "", "-n", s.name, "edit", "deployment/web")
		if err != nil {
			s.t.Fatal(err)
		}
		return warningsIn(warned)
	}
}

// warningsIn are the warnings in what kubectl says, one a line.
func warningsIn(said string) string {
	var all []string
	for line := range strings.Lines(said) {
		if warning, ok := strings.CutPrefix(strings.TrimSpace(line), "Warning: "); ok {
			all = append(all, warning)
		}
	}
	return strings.Join(all, "\n")
}
