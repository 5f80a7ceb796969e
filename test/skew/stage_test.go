// Package skew tries what may be of different versions: Garboard on API servers older than
// the one that it is made with, and an older Garboard that is replaced by this one while
// writes go on. Both are built for minutes, and run by "make test-skew" and "make
// test-upgrade" alone.
package skew

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// source is the folder of the repository, from here.
const source = "../.."

// namespace of all workloads of a test. It has opted in.
const namespace = "team"

const (
	everySecond = `garboard.dev/pollSchedule: "@every 1s"`
	patches     = "garboard.dev/policy: patch"
)

// patience is longer than any step takes on a busy machine.
const patience = 2 * time.Minute

// stage is a cluster with a Garboard in it.
type stage struct {
	*cluster.Cluster
	t        *testing.T
	garboard *installation.Installation
}

// optIn makes the namespace.
func (s *stage) optIn() {
	s.t.Helper()
	s.must(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+namespace+`","labels":{"garboard.dev/enabled":"true"}}}`, "apply", "-f", "-")
	bad := s.deploymentOf("probe", "1.0.0", "garboard.dev/policy: nonsense")
	s.await("the opt-in to hold", func(context.Context) error { // in the API server's cache
		if _, _, err := s.kubectl(bad, "create", "--dry-run=server", "-f", "-"); err == nil || !strings.Contains(err.Error(), "nonsense") {
			return fmt.Errorf("a bad policy: %v", err) //nolint:errorlint // it may be nil
		}
		return nil
	})
}

func (s *stage) await(what string, check func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	must(s.t, installation.Until(ctx, what, check))
}

func (s *stage) kubectl(stdin string, args ...string) (out, said string, err error) {
	return s.Kubectl(s.t.Context(), stdin, append([]string{"-n", namespace}, args...)...)
}

// must runs kubectl, and returns its standard output and what it warned of.
func (s *stage) must(stdin string, args ...string) (out, said string) {
	s.t.Helper()
	out, said, err := s.kubectl(stdin, args...)
	must(s.t, err)
	return out, said
}

// repository of an application, as the cluster names it.
func (s *stage) repository(app string) string { return s.Registry + "/" + namespace + "/" + app }

func (s *stage) push(app string, tags ...string) {
	s.t.Helper()
	for _, tag := range tags {
		_, err := s.Push(s.t.Context(), namespace+"/"+app, tag)
		must(s.t, err)
	}
}

// deploymentOf is a manifest of the application, whose Deployment and repository have its name.
func (s *stage) deploymentOf(app, tag string, annotations ...string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s
  annotations:
    %[3]s
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      containers:
      - name: web
        image: %[2]s
`, app, s.repository(app)+":"+tag, strings.Join(annotations, "\n    "))
}

func (s *stage) deployment(app string) *appsv1.Deployment {
	s.t.Helper()
	d, err := s.Client().AppsV1().Deployments(namespace).Get(s.t.Context(), app, metav1.GetOptions{})
	must(s.t, err)
	return d
}

// tag is that of the Deployment's container.
func (s *stage) tag(app string) string {
	s.t.Helper()
	return strings.TrimPrefix(s.deployment(app).Spec.Template.Spec.Containers[0].Image, s.repository(app)+":")
}

func (s *stage) hold(app string) string {
	s.t.Helper()
	return s.deployment(app).Annotations["garboard.dev/hold"]
}

// want compares what a Deployment runs and holds.
func (s *stage) want(after, app, tag, hold string) {
	s.t.Helper()
	if got := s.tag(app); got != tag {
		s.t.Errorf("after %s, %s runs %s, want %s", after, app, got, tag)
	}
	if got := s.hold(app); got != hold {
		s.t.Errorf("after %s, %s holds %q, want %q", after, app, got, hold)
	}
}

func (s *stage) awaitTag(app, tag string) {
	s.t.Helper()
	s.await(app+" to run "+tag, func(context.Context) error {
		if got := s.tag(app); got != tag {
			return fmt.Errorf("it runs %s", got)
		}
		return nil
	})
}

// awaitRollout waits until the Deployment's template is all that runs.
func (s *stage) awaitRollout(app string) {
	s.t.Helper()
	s.must("", "rollout", "status", "deployment/"+app, "--timeout="+patience.String())
}

// voter gives a user the right to vote.
func (s *stage) voter(name string) {
	s.t.Helper()
	s.must("", "create", "rolebinding", "voter-"+name, "--clusterrole=garboard-voter", "--user="+name)
}

// awaitPolicies waits until the API server holds the policies of votes, of whatever version
// they are: ann, who is a voter, cannot vote as bob.
func (s *stage) awaitPolicies() {
	s.t.Helper()
	s.await("a forged vote to be refused", func(context.Context) error {
		_, _, err := s.kubectl(ballot("none", "bob"), "create", "--dry-run=server", "--as=ann", "-f", "-")
		if err == nil || !strings.Contains(err.Error(), "'garboard-votes'") {
			return fmt.Errorf("the vote: %v", err) //nolint:errorlint // it may be nil
		}
		return nil
	})
}

// awaitVotes waits until votes count with the policies of this version: some seconds after
// they were made, or from when the updater has seen a change of them.
func (s *stage) awaitVotes() {
	s.t.Helper()
	s.await("the policies of votes to be in force", func(ctx context.Context) error {
		policies := enforcement.Policies{
			Client: s.Client().AdmissionregistrationV1(), Leases: s.Client().CoordinationV1().Leases("garboard"), ReadOnly: true,
		}
		since, err := policies.Enforced(ctx)
		if err == nil && !time.Now().After(since.Add(time.Second)) {
			err = fmt.Errorf("since %s", since)
		}
		return err
	})
}

// voted is the application whose updates are voted on.
const voted = "voted"

// update is the ImageUpdate of the application "voted" to a tag; nil if there is none.
func (s *stage) update(tag string) *v1alpha1.ImageUpdate {
	s.t.Helper()
	out, _ := s.must("", "get", "imageupdates", "-o", "json")
	var list v1alpha1.ImageUpdateList
	must(s.t, json.Unmarshal([]byte(out), &list))
	for i := range list.Items {
		if u := &list.Items[i]; u.Spec.WorkloadRef.Name == voted && u.Spec.To.Tag == tag {
			return u
		}
	}
	return nil
}

// awaitPhase waits until that update is of a phase.
func (s *stage) awaitPhase(tag string, phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
	s.t.Helper()
	var found *v1alpha1.ImageUpdate
	s.await(fmt.Sprintf("the update to %s to be %s", tag, phase), func(context.Context) error {
		if found = s.update(tag); found == nil || found.Status.Phase != phase {
			return fmt.Errorf("it is %+v", found)
		}
		return nil
	})
	return found
}

// ballot is a vote for an update.
func ballot(update, voter string) string {
	return fmt.Sprintf(`{"apiVersion":"garboard.dev/v1alpha1","kind":"ImageUpdateVote","metadata":{"generateName":"vote-"},
"spec":{"update":%q,"voter":%q,"verdict":"Approve"}}`, update, voter)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
