package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/approval/enforcement"
)

// voters may vote in the space: the administrator acts as them. Votes count from some
// seconds after their policies were installed, which is a moment ago in a new cluster.
func (s *space) voters(names ...string) {
	s.t.Helper()
	s.await("the policies of votes to be in force", func(ctx context.Context) error {
		policies := enforcement.Policies{Client: s.Client().AdmissionregistrationV1()}
		since, err := policies.Enforced(ctx)
		if err == nil && !time.Now().After(since.Add(time.Second)) {
			err = fmt.Errorf("since %s", since)
		}
		return err
	})
	for _, name := range names {
		s.must("", "create", "rolebinding", "voter-"+name, "--clusterrole=garboard-voter", "--user="+name)
	}
}

// updates are the ImageUpdates of the space.
func (s *space) updates() []v1alpha1.ImageUpdate {
	s.t.Helper()
	out, _ := s.must("", "get", "imageupdates", "-o=json")
	var list v1alpha1.ImageUpdateList
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatal(err)
	}
	return list.Items
}

// awaitPhase waits until the update of a workload to a tag is of a phase, and returns it.
// Of several it is the youngest.
func (s *space) awaitPhase(name, tag string, phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
	s.t.Helper()
	var found *v1alpha1.ImageUpdate
	s.await(fmt.Sprintf("the update of %s to %s to be %s", name, tag, phase), func(context.Context) error {
		var seen []string
		found = nil
		for _, u := range s.updates() {
			seen = append(seen, fmt.Sprintf("%s to %s@%.15s is %s %+v", u.Spec.WorkloadRef.Name, u.Spec.To.Tag, u.Spec.To.Digest, u.Status.Phase, u.Status.Conditions))
			if u.Spec.WorkloadRef.Name == name && u.Spec.To.Tag == tag && u.Status.Phase == phase && (found == nil || found.CreationTimestamp.Before(&u.CreationTimestamp)) {
				found = &u
			}
		}
		if found == nil {
			return fmt.Errorf("there are %s", strings.Join(seen, "; "))
		}
		return nil
	})
	return found
}

// ballot is a vote.
func ballot(update, voter, verdict, more string) string {
	return fmt.Sprintf(`{"apiVersion":"garboard.dev/v1alpha1","kind":"ImageUpdateVote","metadata":{"generateName":"vote-"},
"spec":{"update":%q,"voter":%q,"verdict":%q%s}}`, update, voter, verdict, more)
}

// votes casts a vote as its voter.
func (s *space) votes(u *v1alpha1.ImageUpdate, voter, verdict string) {
	s.t.Helper()
	s.must(ballot(u.Name, voter, verdict, ""), "create", "-f", "-", "--as="+voter)
}

// Nobody but an approved bump gets past, whatever is written.
func TestNobodyGetsPastApprovals(t *testing.T) {
	s := newSpace(t)
	s.voters("ann")
	s.push("1.2.0", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond, `garboard.dev/approvals: "1"`)
	s.must(manifest, "apply", "-f", "-")
	u := s.awaitPhase("web", "1.2.7", v1alpha1.PhasePending)
	for what, write := range map[string]func(){
		"an apply":             func() { s.must(manifest, "apply", "-f", "-") },
		"a server-side apply":  func() { s.must(manifest, "apply", "--server-side", "--force-conflicts", "-f", "-") },
		"an image set by hand": func() { s.must("", "set", "image", "deployment/web", "web="+s.image+":1.2.0") },
		"an edit": func() {
			s.must("", "patch", "deployment/web", "--field-manager=kubectl-edit", "-p", `{"spec":{"minReadySeconds":1}}`)
		},
		"a changed policy": func() { s.must("", "annotate", "--overwrite", "deployment/web", "garboard.dev/policy=minor") },
		"a forged bump":    func() { s.bumpAs("web", "1.2.7@"+u.Spec.To.Digest) },
		"a forged record": func() {
			s.must("", "patch", "deployment/web", "-p", `{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/resolved":"web=1.2.7"}}}}}`)
		},
		"a forged state": func() {
			s.must("", "annotate", "--overwrite", "deployment/web", `garboard.dev/state={"web":{"from":"`+s.image+`:1.2.7"}}`)
		},
	} {
		write()
		if got := s.tag("web"); got != "1.2.0" {
			t.Fatalf("%s brought %s", what, got)
		}
	}
	for what, write := range map[string]func() error{
		"a forged status": func() error {
			_, _, err := s.kubectl("", "patch", "imageupdate/"+u.Name, "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Approved"}}`)
			return err
		},
		"another target": func() error {
			_, _, err := s.kubectl("", "patch", "imageupdate/"+u.Name, "--type=merge", "-p", `{"spec":{"to":{"tag":"1.2.0"}}}`)
			return err
		},
		"a vote in another's name": func() error {
			_, _, err := s.kubectl(ballot(u.Name, "bob", "Approve", ""), "create", "-f", "-", "--as=ann")
			return err
		},
		"a vote without the right": func() error {
			_, _, err := s.kubectl(ballot(u.Name, "eve", "Approve", ""), "create", "-f", "-", "--as=eve")
			return err
		},
	} {
		if write() == nil {
			t.Errorf("%s is not refused", what)
		}
	}
	s.polled()
	s.wantTag("web", "1.2.0")
	s.votes(u, "ann", "Approve")
	s.awaitTag("web", "1.2.7")
}
