package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// row is what a test looks at of one line of the status.
type row struct {
	Namespace, Kind, Name, Container, Running, Newest, Policy, State, Reason string
}

type statusList struct {
	APIVersion, Kind string
	Items            []statusItem
}

type statusItem struct {
	row
	Message, Repository, LastCheck, NextCheck string
}

// playUpdaterPod has the updater's process play a Pod, for as long as the test.
func playUpdaterPod(t *testing.T, s *suite) {
	t.Helper()
	name, err := s.garboard.PlayUpdaterPod(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		t.Skip("this machine's name, which the Lease tells, can be no Pod's")
	}
	t.Cleanup(func() {
		if err := s.garboard.RemoveUpdaterPod(context.WithoutCancel(t.Context()), name); err != nil {
			t.Error(err)
		}
	})
}

// status runs garboard status in the space, as JSON.
func (s *steps) status(args ...string) (rows []row, list statusList) {
	s.t.Helper()
	out, said, err := s.run(append([]string{"status", "-o", "json"}, args...)...)
	if err != nil {
		s.t.Fatalf("garboard status: %v: %s", err, said)
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatal(err)
	}
	for _, item := range list.Items {
		rows = append(rows, item.row)
	}
	return rows, list
}

// awaitStatus waits until the status is what is wanted.
func (s *steps) awaitStatus(want []row, args ...string) {
	s.t.Helper()
	s.await("the status", func(context.Context) error {
		rows, _ := s.status(args...)
		if diff := cmp.Diff(want, rows); diff != "" {
			return fmt.Errorf("(-want +got)\n%s", diff)
		}
		return nil
	})
}

func TestStatus(t *testing.T) {
	playUpdaterPod(t, suiteOf(t))
	space := newSpace(t)
	space.push("1.2.0", "1.2.1", "1.2.2")
	s := &steps{space, "deployment/held"}
	const patch, never = "garboard.dev/policy: patch", `garboard.dev/pollSchedule: "@every 1000h"`
	s.must(s.manifest("current", "1.2.0", patch, everySecond), "apply", "-f", "-")
	s.must(s.manifest("free", "1.2.0"), "apply", "-f", "-") // no policy
	s.must(s.manifest("held", "1.2.0", patch, everySecond, "garboard.dev/hold: web=1.2.2"), "apply", "-f", "-")
	is := func(name, newest, state, reason string) row {
		return row{Namespace: s.name, Kind: "Deployment", Name: name, Container: "web", Running: "1.2.2", Newest: newest, Policy: "patch", State: state, Reason: reason}
	}
	held := is("held", "1.2.2", "Pending", "Held")
	held.Running = "1.2.0"
	s.awaitStatus([]row{is("current", "1.2.2", "Current", ""), held})

	_, list := s.status()
	if list.APIVersion != "garboard.dev/v1alpha1" || list.Kind != "WorkloadStatusList" {
		t.Errorf("got %+v", list)
	}
	for _, item := range list.Items {
		if item.Repository != s.space.image || item.LastCheck == "" || item.NextCheck == "" {
			t.Errorf("got %+v", item)
		}
	}
	t.Run("what was never asked about is unknown", func(t *testing.T) {
		other := &steps{newSpace(t), "deployment/web"}
		other.push("1.2.2")
		other.must(other.manifest("web", "1.2.2", patch, never), "apply", "-f", "-")
		want := is("web", "", "Unknown", "")
		want.Namespace = other.name
		other.awaitStatus([]row{want})
		if _, list := other.status(); list.Items[0].LastCheck != "" || list.Items[0].NextCheck == "" {
			t.Errorf("got %+v", list.Items)
		}
		t.Run("and all namespaces have both", func(t *testing.T) {
			out, said, err := s.runAnywhere("status", "-A", "-o", "wide")
			if err != nil || !strings.HasPrefix(out, "NAMESPACE ") || !strings.Contains(out, other.name) || !strings.Contains(out, s.name) {
				t.Errorf("got %v, %s:\n%s", err, said, out)
			}
		})
	})
	t.Run("one workload", func(t *testing.T) {
		s := s.of(t)
		s.awaitStatus([]row{held}, "deploy/held")
		if _, said, err := s.run("status", "deployment/free"); err == nil || !strings.Contains(said, "the updater governs no container of deployment \"free\"") {
			t.Errorf("got %v, %q", err, said)
		}
	})
	t.Run("a table without colours", func(t *testing.T) {
		s := s.of(t)
		out := s.tool("status")
		if !strings.HasPrefix(out, "WORKLOAD ") || strings.Count(out, "\n") != 3 || strings.Contains(out, "\x1b") || !strings.Contains(out, "deployment/held") {
			t.Errorf("got\n%s", out)
		}
	})
	t.Run("past the API server", func(t *testing.T) {
		s := s.of(t)
		s.awaitStatus([]row{held}, "deploy/held", "--updater-url="+s.garboard.Updater().Status)
	})
	t.Run("what images say of themselves, and why a higher tag is not taken", func(t *testing.T) {
		s := s.of(t)
		at, err := url.Parse(s.garboard.Updater().Status)
		if err != nil {
			t.Fatal(err)
		}
		told, err := (&status.Direct{URL: at, Client: http.DefaultClient}).Versions(t.Context(), status.VersionsRequest{
			Namespace: s.name, Kind: "Deployment", Name: "held", Container: "web", Of: []string{"1.2.0", "1.2.2"},
		})
		if err != nil || len(told.Images) != 2 {
			t.Fatalf("got %+v, %v", told, err)
		}
		for _, image := range told.Images {
			if image.Fault != "" || image.Digest == "" {
				t.Errorf("got %+v", image)
			}
		}
		want := []report.RejectedTag{{Tag: "1.2.2", Why: "held"}, {Tag: "1.2.1", Why: "held"}}
		if diff := cmp.Diff(want, told.Higher); told.Chosen != "1.2.0" || diff != "" {
			t.Errorf("%q is taken (-want +got)\n%s", told.Chosen, diff)
		}
	})
	t.Run("somebody without rights is told which", func(t *testing.T) {
		s := s.of(t)
		if _, said, err := s.run("status", "--as=nobody"); err == nil || !strings.Contains(said, "the Role garboard-status allows it") {
			t.Errorf("got %v, %q", err, said)
		}
		s.bind("nobody")
		s.awaitStatus([]row{held}, "--as=nobody", "deploy/held")
	})
	t.Run("no updater", func(t *testing.T) {
		s := s.of(t)
		if _, said, err := s.run("status", "--garboard-namespace="+s.name); err == nil || !strings.Contains(said, "no updater has run in that namespace") {
			t.Errorf("got %v, %q", err, said)
		}
	})
}

// of is the same for a part of the test.
func (s *steps) of(t testing.TB) *steps { return &steps{s.space.of(t), s.object} }

// Alerts and dashboard read metrics of libraries, too.
func TestUpdaterTellsWhoLeads(t *testing.T) {
	s := newSpace(t)
	text := s.metrics(s.garboard.Updater())
	for _, want := range []string{`leader_election_master_status{name="garboard-updater"} 1`, "process_resident_memory_bytes ", "process_cpu_seconds_total "} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}

// bind grants the Role that the manifests have for people.
func (s *steps) bind(user string) {
	s.t.Helper()
	_, _, err := s.Kubectl(s.t.Context(), "", "-n", "garboard", "create", "rolebinding", "e2e-status", "--role=garboard-status", "--user="+user)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		ctx := context.WithoutCancel(s.t.Context())
		if err := s.Client().RbacV1().RoleBindings("garboard").Delete(ctx, "e2e-status", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			s.t.Error(err)
		}
	})
}
