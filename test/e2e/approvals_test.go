package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// keels are the annotations of a user of Keel, as they are.
func keels(votes string, more ...string) []string {
	return append([]string{"keel.sh/policy: minor", "keel.sh/trigger: poll", `keel.sh/pollSchedule: "@every 1s"`, fmt.Sprintf("keel.sh/approvals: %q", votes)}, more...)
}

// voters may vote in the space: the administrator acts as them. Votes count from some
// seconds after their policies were installed, which is a moment ago in a new cluster.
func (s *space) voters(names ...string) {
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

// awaitPhase waits until the update of a workload to a tag is of one of some phases, and
// returns it. Of several it is the youngest.
func (s *space) awaitPhase(name, tag string, phases ...v1alpha1.Phase) *v1alpha1.ImageUpdate {
	s.t.Helper()
	var found *v1alpha1.ImageUpdate
	s.await(fmt.Sprintf("the update of %s to %s to be one of %v", name, tag, phases), func(context.Context) error {
		var seen []string
		found = nil
		for _, u := range s.updates() {
			seen = append(seen, fmt.Sprintf("%s to %s@%.15s is %s %+v", u.Spec.WorkloadRef.Name, u.Spec.To.Tag, u.Spec.To.Digest, u.Status.Phase, u.Status.Conditions))
			if u.Spec.WorkloadRef.Name == name && u.Spec.To.Tag == tag && slices.Contains(phases, u.Status.Phase) && (found == nil || found.CreationTimestamp.Before(&u.CreationTimestamp)) {
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
func ballot(update, voter, verdict string) string {
	return fmt.Sprintf(`{"apiVersion":"garboard.dev/v1alpha1","kind":"ImageUpdateVote","metadata":{"generateName":"vote-"},
"spec":{"update":%q,"voter":%q,"verdict":%q}}`, update, voter, verdict)
}

// votes casts a vote as its voter.
func (s *space) votes(u *v1alpha1.ImageUpdate, voter, verdict string) {
	s.t.Helper()
	s.must(ballot(u.Name, voter, verdict), "create", "-f", "-", "--as="+voter)
}

// Keel's users vote as they did, by their annotations as they are.
func TestKeelsApprovals(t *testing.T) {
	s := newSpace(t)
	s.voters("ann", "bob")
	s.push("1.2.0")
	for name, annotations := range map[string][]string{
		"approved": keels("2"), "rejected": keels("2"), "late": keels("1", "garboard.dev/approvalDeadline: 4s"), "carried": keels("1"),
	} {
		s.must(s.manifest(name, "1.2.0", annotations...), "apply", "-f", "-")
		s.settled(name)
	}
	digest := s.push("1.3.0")
	u := s.awaitPhase("approved", "1.3.0", v1alpha1.PhasePending)
	if u.Spec.To.Digest != digest || u.Spec.VotesRequired != 2 {
		t.Errorf("proposed: %+v %v, want the digest %s", u.Spec, u.Labels, digest)
	}
	s.event("approved", "ApprovalRequested", "waits with 1.3.0@"+digest)
	s.votes(u, "ann", "Approve")
	s.waits("approved", "NotApproved", "has 1 of 2 approvals, until ")
	s.wantTag("approved", "1.2.0")
	rejected := s.awaitPhase("rejected", "1.3.0", v1alpha1.PhasePending)
	s.votes(rejected, "bob", "Reject")
	s.awaitPhase("rejected", "1.3.0", v1alpha1.PhaseRejected)
	s.votes(u, "bob", "Approve")
	s.awaitTag("approved", "1.3.0")
	if got := s.deployment("approved").Spec.Template.Annotations["garboard.dev/resolved"]; got != "web=1.3.0@"+digest {
		t.Errorf("the record is %q", got)
	}
	s.awaitPhase("approved", "1.3.0", v1alpha1.PhaseSucceeded)
	s.event("approved", "UpdateApproved", "1.3.0@"+digest+" is approved by ann, bob")
	s.awaitPhase("late", "1.3.0", v1alpha1.PhaseExpired)

	s.push("1.3.1")                                                             // supersedes, and is asked about where the last one was rejected, or came too late
	s.awaitPhase("late", "1.3.1", v1alpha1.PhasePending, v1alpha1.PhaseExpired) // in seconds it is too late again
	s.wantTag("late", "1.2.0")
	for _, name := range []string{"rejected", "carried"} {
		u := s.awaitPhase(name, "1.3.1", v1alpha1.PhasePending)
		s.wantTag(name, "1.2.0")
		if name == "carried" {
			s.votes(u, "ann", "Approve")
		}
	}
	s.awaitPhase("carried", "1.3.0", v1alpha1.PhaseSuperseded)
	s.awaitTag("carried", "1.3.1")
}

// What was voted on is an image, and not what its tag points at by the time of the move.
func TestDigestThatMovedIsAskedAboutAgain(t *testing.T) {
	s := newSpace(t)
	s.voters("ann")
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", keels("1", closed())...), "apply", "-f", "-")
	s.settled("web")
	first := s.push("1.3.0")
	u := s.awaitPhase("web", "1.3.0", v1alpha1.PhasePending) // though the window is closed
	s.votes(u, "ann", "Approve")
	s.awaitPhase("web", "1.3.0", v1alpha1.PhaseApproved)
	s.waits("web", "WindowClosed", "its window opens at ")
	second := s.push("1.3.0")
	again := s.awaitPhase("web", "1.3.0", v1alpha1.PhasePending)
	if first == second || again.Spec.To.Digest != second {
		t.Errorf("asked about %s, the tag points at %s", again.Spec.To.Digest, second)
	}
	s.awaitPhase("web", "1.3.0", v1alpha1.PhaseSuperseded)
	s.must("", "annotate", "deployment/web", "garboard.dev/window-")
	s.polled()
	s.wantTag("web", "1.2.0")
	s.votes(again, "ann", "Approve")
	s.awaitTag("web", "1.3.0")
	if got := s.deployment("web").Spec.Template.Annotations["garboard.dev/resolved"]; got != "web=1.3.0@"+second {
		t.Errorf("the record is %q, want the digest %s", got, second)
	}
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
			_, _, err := s.kubectl(ballot(u.Name, "bob", "Approve"), "create", "-f", "-", "--as=ann")
			return err
		},
		"a vote without the right": func() error {
			_, _, err := s.kubectl(ballot(u.Name, "eve", "Approve"), "create", "-f", "-", "--as=eve")
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

// What people decided is in the API server: who serves, and when, makes no difference.
func TestApprovalsOutliveUpdaterAndWebhook(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.voters("ann", "bob")
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", keels("2")...), "apply", "-f", "-")
	before := s.settled("web")
	s.push("1.3.0")
	u := s.awaitPhase("web", "1.3.0", v1alpha1.PhasePending)
	s.votes(u, "ann", "Approve")
	s.restart()
	s.stopUpdater()
	s.only() // no webhook: the votes are protected all the same
	if _, _, err := s.kubectl(ballot(u.Name, "ann", "Approve"), "create", "-f", "-", "--as=bob"); err == nil {
		t.Error("a vote in another's name is not refused without a webhook")
	}
	s.votes(u, "bob", "Approve")
	s.startUpdater(soon()...)
	s.awaitPhase("web", "1.3.0", v1alpha1.PhaseApproved)
	s.wantTag("web", "1.2.0")
	s.killUpdater() // between the approval and the bump
	s.restore()
	s.startUpdater()
	s.awaitTagWithin(2*time.Minute, "web", "1.3.0")
	s.awaitPhase("web", "1.3.0", v1alpha1.PhaseSucceeded)
	if got := s.settled("web"); got == before || len(s.updates()) != 1 {
		t.Errorf("revision %s -> %s, %d updates", before, got, len(s.updates()))
	}
	revisions, _ := s.must("", "get", "replicasets", "-o=name")
	if n := strings.Count(revisions, "\n"); n != 2 {
		t.Errorf("it was moved %d times", n-1)
	}
}

// A person who votes without end is bounded, by rights that the updater has, and a policy
// that lets it use them.
func TestVotesThatCountForNothingAreDeleted(t *testing.T) {
	s := newSpace(t)
	s.voters("ann", "eve")
	s.push("1.2.0", "1.3.0")
	s.must(s.manifest("web", "1.2.0", keels("3")...), "apply", "-f", "-")
	u := s.awaitPhase("web", "1.3.0", v1alpha1.PhasePending)
	s.votes(u, "ann", "Approve")
	s.must(strings.Repeat(ballot(u.Name, "eve", "Approve")+"\n---\n", voting.MaxVotes+4), "create", "-f", "-", "--as=eve")
	s.waits("web", "NotApproved", "has 2 of 3 approvals")
	s.await("the first votes of eve to be deleted", func(context.Context) error {
		out, _ := s.must("", "get", "imageupdatevotes", "-o=name")
		if n := strings.Count(out, "\n"); n != voting.MaxVotes+1 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
}

// While a policy is weakened anybody may write any vote. What was forged then counts no
// more once the policy is as it was, though its date is.
func TestForgedVotesDoNotCountOnceThePolicyIsMended(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.voters("ann")
	s.push("1.2.0", "1.3.0")
	s.must(s.manifest("web", "1.2.0", keels("1")...), "apply", "-f", "-")
	u := s.awaitPhase("web", "1.3.0", v1alpha1.PhasePending)
	s.stopUpdater() // or else it sees, and tells, that the policy is weak
	denies := func(action string) {
		s.must("", "patch", "validatingadmissionpolicybinding/garboard-votes", "--type=merge", "-p", fmt.Sprintf(`{"spec":{"validationActions":[%q]}}`, action))
	}
	denies("Warn")
	s.await("a vote in another's name", func(context.Context) error {
		_, _, err := s.kubectl(ballot(u.Name, "ann", "Approve"), "create", "-f", "-")
		return err
	})
	denies("Deny")
	s.await("votes to be protected again", func(context.Context) error {
		if _, _, err := s.kubectl(ballot(u.Name, "ann", "Approve"), "create", "-f", "-", "--dry-run=server"); err == nil {
			return fmt.Errorf("one in another's name is not refused")
		}
		return nil
	})
	s.startUpdater()
	s.waits("web", "NotApproved", "has 0 of 1 approvals")
	s.voters() // in force, since a moment
	s.polled()
	s.wantTag("web", "1.2.0")
	s.votes(u, "ann", "Approve")
	s.awaitTag("web", "1.3.0")
}
