package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// An undo brings back an earlier template, image and record alike; it stays
// undone until somebody undoes the undo.
func TestRolloutUndoIsObeyed(t *testing.T) {
	for _, name := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.push("1.2.0", "1.2.7")
			k := kinds(s.image)[name]
			object := k.resource + "/it"
			image := func() string {
				out, _ := s.must("", "get", object, "-o=jsonpath={.spec.template.spec.containers[0].image}")
				return strings.TrimPrefix(out, s.image+":")
			}
			want := func(tag string) {
				t.Helper()
				if got := image(); got != tag {
					t.Fatalf("it runs %s, want %s", got, tag)
				}
				s.must("", "rollout", "status", object, "--timeout=60s")
			}
			s.must(k.manifest, "apply", "-f", "-")
			want("1.2.7")
			s.push("1.2.8")
			s.await("the apply to take 1.2.8", func(context.Context) error {
				s.must(k.manifest, "apply", "-f", "-")
				if got := image(); got != "1.2.8" {
					return errors.New("it names " + got)
				}
				return nil
			})
			want("1.2.8")
			_, warned := s.must("", "rollout", "undo", object)
			if !strings.Contains(warned, "1.2.8 -> 1.2.7 as written") {
				t.Errorf("kubectl said %q", warned)
			}
			want("1.2.7")
			s.must("", "label", object, "touched=yes")
			want("1.2.7")
			s.must("", "rollout", "undo", object)
			want("1.2.8")
			// The former revisions serve again: each template equals itself.
			revisions := "controllerrevisions"
			if name == "Deployment" {
				revisions = "replicasets"
			}
			out, _ := s.must("", "get", revisions, "--no-headers")
			if n := strings.Count(out, "\n"); n != 2 {
				t.Errorf("%d %s, want 2:\n%s", n, revisions, out)
			}
		})
	}
}
