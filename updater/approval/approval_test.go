package approval

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
)

const (
	approve = v1alpha1.VerdictApprove
	reject  = v1alpha1.VerdictReject
)

var twoVotes = map[string]string{"keel.sh/approvals": "2", "keel.sh/approvalDeadline": "5"}

// The story of Keel's users, with their annotations.
func TestTwoVotesMoveAWorkload(t *testing.T) {
	c := newCluster(t, twoVotes)
	if got := c.finds(t, "1.3.0"); got != "" {
		t.Fatalf("it moves to %s without a vote", got)
	}
	u := c.update(t, "1.3.0")
	want := v1alpha1.ImageUpdateSpec{
		WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: "1"}, Container: "web",
		Repository: repository, From: v1alpha1.ImageVersion{Tag: "1.2.7"}, To: v1alpha1.ImageVersion{Tag: "1.3.0"},
		Policy: "minor", VotesRequired: 2, Deadline: metav1.NewTime(noon.Add(5 * time.Hour)),
	}
	if diff := cmp.Diff(want, u.Spec); diff != "" {
		t.Errorf("spec (-want +got)\n%s", diff)
	}
	if len(u.OwnerReferences) != 1 || u.OwnerReferences[0].UID != "1" || u.Labels["app"] != "web" {
		t.Errorf("metadata %+v", u.ObjectMeta)
	}
	c.vote(t, "1.3.0", "ann", approve)
	c.vote(t, "1.3.0", "ann", approve) // who votes twice counts once
	if got := c.finds(t, "1.3.0"); got != "" || c.retries != 0 {
		t.Fatalf("with one voter it moves to %q, %d tries", got, c.retries)
	}
	if why := c.why(t, "1.3.0"); !strings.HasPrefix(why, "has 1 of 2 approvals, until Sun 2026-01-04 17:00 UTC; garboard approve web-") {
		t.Errorf("it waits: %s", why)
	}
	c.vote(t, "1.3.0", "bob", approve)
	if c.retries != 1 {
		t.Errorf("the approval has it tried %d times, want once", c.retries)
	}
	if got := c.finds(t, "1.3.0"); got != "1.3.0" {
		t.Errorf("with two votes it moves to %q", got)
	}
	c.runs(t, "1.3.0")
	c.work(t)
	c.pass(t, time.Second)
	if got := c.phase(t, "1.3.0"); got != v1alpha1.PhaseSucceeded || c.created != 1 {
		t.Errorf("it ends as %s, %d were made", got, c.created)
	}
	if diff := cmp.Diff([]string{report.ReasonProposed, report.ReasonApproved}, c.told()); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if !strings.Contains(c.notices[0].Text, "web: example.com/app:1.2.7 waits with 1.3.0 for 2 approvals until 2026-01-04 17:00 UTC: garboard approve web-") {
		t.Errorf("told %q", c.notices[0].Text)
	}
}

// What becomes of an update, and what may be moved to afterwards.
func TestDecisions(t *testing.T) {
	for name, test := range map[string]struct {
		settings map[string]string
		play     func(*testing.T, *cluster)
		phases   map[string]v1alpha1.Phase
		finds    string // what polls find then
		moves    string
	}{
		"one rejection closes the version": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.vote(t, "1.3.0", "bob", reject)
				c.vote(t, "1.3.0", "eve", approve)
				c.vote(t, "1.3.0", "joe", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseRejected}, finds: "1.3.0",
		},
		"a rejection closes that version alone": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "bob", reject)
				c.finds(t, "1.4.0")
				c.vote(t, "1.4.0", "ann", approve)
				c.vote(t, "1.4.0", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseRejected, "1.4.0": v1alpha1.PhaseApproved}, finds: "1.4.0", moves: "1.4.0",
		},
		"the deadline passes": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.pass(t, 6*time.Hour)
				c.vote(t, "1.3.0", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseExpired}, finds: "1.3.0",
		},
		"an expired one is reopened, and voted on anew": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.pass(t, 6*time.Hour)
				c.vote(t, "1.3.0", "bob", approve, reopens)
				if got := c.phase(t, "1.3.0"); got != v1alpha1.PhasePending {
					t.Errorf("reopened it is %s", got)
				}
				c.vote(t, "1.3.0", "ann", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseApproved}, finds: "1.3.0", moves: "1.3.0",
		},
		"a newer candidate supersedes, and takes no votes along": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.finds(t, "1.4.0")
				c.vote(t, "1.4.0", "bob", approve)
				c.vote(t, "1.3.0", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseSuperseded, "1.4.0": v1alpha1.PhasePending}, finds: "1.4.0",
		},
		"a newer candidate takes nothing from an approved one": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.vote(t, "1.3.0", "bob", approve)
				c.finds(t, "1.4.0")
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseApproved, "1.4.0": v1alpha1.PhasePending}, finds: "1.4.0", moves: "1.3.0",
		},
		"another digest is another proposal": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.vote(t, "1.3.0", "bob", approve)
				if got := c.findsDigest(t, "1.3.0", "sha256:b"); got != "" {
					t.Errorf("it moves to %s", got)
				}
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.1",
		},
		"votes carry over to a higher patch release": {
			settings: map[string]string{"garboard.dev/approvalCarry": "patch"},
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.finds(t, "1.3.1")
				c.finds(t, "1.3.2")
				c.vote(t, "1.3.2", "ann", approve) // who has voted already
				if got := c.phase(t, "1.3.2"); got != v1alpha1.PhasePending {
					t.Errorf("one person approves, and it is %s", got)
				}
				c.vote(t, "1.3.2", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseSuperseded, "1.3.1": v1alpha1.PhaseSuperseded, "1.3.2": v1alpha1.PhaseApproved},
			finds:  "1.3.2", moves: "1.3.2",
		},
		"and to no higher minor one": {
			settings: map[string]string{"garboard.dev/approvalCarry": "patch"},
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.finds(t, "1.4.0")
				c.vote(t, "1.4.0", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseSuperseded, "1.4.0": v1alpha1.PhasePending}, finds: "1.4.0",
		},
		"more votes are asked for meanwhile": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.vote(t, "1.3.0", "bob", approve)
				c.annotate(t, "keel.sh/approvals", "3")
				c.work(t)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.0",
		},
		"none are asked for any more": {
			play:   func(t *testing.T, c *cluster) { c.annotate(t, "keel.sh/approvals", "0"); c.work(t) },
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseSuperseded},
		},
		"a person moves the workload there": {
			play:   func(t *testing.T, c *cluster) { c.runs(t, "1.3.0"); c.work(t) },
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseSuperseded},
		},
		"a person moves the workload past it": {
			play:   func(t *testing.T, c *cluster) { c.runs(t, "1.4.0"); c.work(t) },
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhaseSuperseded},
		},
		"votes from before they were protected": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.since = c.clock.Now().Add(time.Second)
				c.clock.Step(lookAgain)
				c.vote(t, "1.3.0", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.0",
		},
		"votes that are protected no more": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.vote(t, "1.3.0", "bob", approve)
				c.unprotected = &enforcement.Fault{Object: "validatingadmissionpolicy/garboard-votes", Message: "is missing"}
				c.pass(t, lookAgain)
				if why := c.why(t, "1.3.0"); why != "no vote counts: validatingadmissionpolicy/garboard-votes is missing" {
					t.Errorf("it waits: %s", why)
				}
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.0",
		},
		"a vote in the moment in which votes are not protected": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.unprotected = &enforcement.Fault{Object: "validatingadmissionpolicy/garboard-votes", Message: "is missing"}
				c.vote(t, "1.3.0", "bob", approve)
				if got := c.finds(t, "1.3.0"); got != "" {
					t.Errorf("meanwhile it moves to %s", got)
				}
				c.unprotected, c.since = nil, c.clock.Now()
				c.pass(t, lookAgain)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.0",
		},
		"a vote just after the policies were made anew": {
			play: func(t *testing.T, c *cluster) {
				c.vote(t, "1.3.0", "ann", approve)
				c.since = c.clock.Now().Add(5 * time.Second)
				c.vote(t, "1.3.0", "bob", approve)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.0",
		},
		"a status that says more than the votes": {
			play: func(t *testing.T, c *cluster) {
				forged := c.update(t, "1.3.0").DeepCopy()
				forged.Status.Phase = v1alpha1.PhaseApproved
				c.put(forged)
			},
			phases: map[string]v1alpha1.Phase{"1.3.0": v1alpha1.PhasePending}, finds: "1.3.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := maps.Clone(twoVotes)
			maps.Copy(asked, test.settings)
			c := newCluster(t, asked)
			c.finds(t, "1.3.0")
			test.play(t, c)
			if test.finds != "" {
				if got := c.finds(t, test.finds); got != test.moves {
					t.Errorf("it moves to %q, want %q", got, test.moves)
				}
			}
			for tag, want := range test.phases {
				if got := c.phase(t, tag); got != want && (tag != "1.3.0" || test.finds != "1.3.1") {
					t.Errorf("the update to %s is %s, want %s", tag, got, want)
				}
			}
		})
	}
}

// What an approved move came to.
func TestOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		play func(*testing.T, *cluster)
		want v1alpha1.Phase
	}{
		"its Pods are being replaced": {
			func(_ *testing.T, c *cluster) { c.Report.Rolling(c.key(), []report.Change{{Container: "web"}}) }, v1alpha1.PhaseRollingOut,
		},
		"its Pods are healthy": {func(*testing.T, *cluster) {}, v1alpha1.PhaseSucceeded},
		"its Pods failed": {
			func(_ *testing.T, c *cluster) {
				c.Report.FailedBefore(c.key(), []report.Change{{Container: "web"}}, "crash")
			}, v1alpha1.PhaseFailed,
		},
		"it was taken back after its Pods failed": {
			func(t *testing.T, c *cluster) {
				c.Report.FailedBefore(c.key(), []report.Change{{Container: "web"}}, "crash")
				c.pass(t, time.Second)
				c.annotate(t, "garboard.dev/hold", "web=1.3.0")
				c.runs(t, "1.2.7")
			}, v1alpha1.PhaseRolledBack,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, map[string]string{"garboard.dev/approvals": "1"})
			c.finds(t, "1.3.0")
			c.vote(t, "1.3.0", "ann", approve)
			c.Report.Rolling(c.key(), []report.Change{{Container: "web"}})
			c.runs(t, "1.3.0")
			c.work(t)
			if got := c.phase(t, "1.3.0"); got != v1alpha1.PhaseRollingOut {
				t.Fatalf("moved it is %s", got)
			}
			c.Report.Abandoned(c.key())
			test.play(t, c)
			c.pass(t, time.Second)
			c.pass(t, time.Second)
			if got := c.phase(t, "1.3.0"); got != test.want {
				t.Errorf("it is %s, want %s", got, test.want)
			}
		})
	}
}

// Who may create ImageUpdates could otherwise have one version voted on and another one
// moved to.
func TestForgedUpdateCountsForNothing(t *testing.T) {
	for name, forge := range map[string]func(*v1alpha1.ImageUpdate){
		"another version":    func(u *v1alpha1.ImageUpdate) { u.Spec.To.Tag = "1.2.8" },
		"another container":  func(u *v1alpha1.ImageUpdate) { u.Spec.Container = "job" },
		"another repository": func(u *v1alpha1.ImageUpdate) { u.Spec.Repository = "example.com/other" },
		"another workload":   func(u *v1alpha1.ImageUpdate) { u.Spec.WorkloadRef.UID = "2" },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, map[string]string{"garboard.dev/approvals": "1"})
			forged := c.updateFor(c.move(t, "1.3.0", ""))
			forge(forged)
			forged.CreationTimestamp = metav1.NewTime(noon)
			decided := metav1.NewTime(noon.Add(time.Minute))
			forged.Status.Phase, forged.Status.DecidedAt = v1alpha1.PhaseApproved, &decided
			c.put(forged)
			c.vote(t, forged.Spec.To.Tag, "ann", approve)
			if got := c.finds(t, "1.3.0"); got != "" || c.retries > 0 {
				t.Errorf("it moves to %s, %d tries", got, c.retries)
			}
			if why := c.why(t, "1.3.0"); !strings.Contains(why, "is not what the updater proposes: delete it") {
				t.Errorf("it waits: %s", why)
			}
		})
	}
}

// Two updaters, or one that starts anew, would otherwise have people vote twice.
func TestSecondUpdaterProposesNothingNew(t *testing.T) {
	c := newCluster(t, twoVotes)
	for range 3 {
		c.finds(t, "1.3.0")
	}
	first := c.update(t, "1.3.0")
	c.store = newStore() // and has not heard of it yet
	c.put(first)
	c.finds(t, "1.3.0")
	if c.created != 1 || len(c.told()) != 1 {
		t.Errorf("%d were made, people were told %v", c.created, c.told())
	}
}

// An approval is for one move: a version that was left is asked about again.
func TestApprovalIsUsedOnce(t *testing.T) {
	c := newCluster(t, map[string]string{"garboard.dev/approvals": "1"})
	c.finds(t, "1.3.0")
	c.vote(t, "1.3.0", "ann", approve)
	c.runs(t, "1.3.0")
	c.work(t)
	c.pass(t, time.Second)
	c.clock.Step(time.Minute)
	c.runs(t, "1.2.7")
	c.work(t)
	if got := c.finds(t, "1.3.0"); got != "" {
		t.Errorf("it moves to %s again", got)
	}
	if got := c.phase(t, "1.3.0"); got != v1alpha1.PhasePending || c.created != 2 {
		t.Errorf("it is %s, %d were made", got, c.created)
	}
}

// Nothing is deleted but what ended long ago, or is too much.
func TestHistoryIsBounded(t *testing.T) {
	c := newCluster(t, map[string]string{"garboard.dev/approvals": "1"})
	for i := range MaxHistory + 5 {
		c.finds(t, record.Result{Tag: "1.3." + string(rune('0'+i/10)) + string(rune('0'+i%10))}.Tag)
		c.pass(t, time.Minute)
	}
	if got := len(c.store.all()); got != MaxHistory+1 {
		t.Errorf("%d are left, want %d and the one that waits", got, MaxHistory)
	}
	c.clock.Step(DefaultHistory + time.Hour)
	c.pruneAll(t.Context())
	if got := len(c.store.all()); got != 1 {
		t.Errorf("%d are left after their time", got)
	}
}

// Where nothing is installed, or another replica works, nothing is written.
func TestNothingIsWrittenByWhoMayNot(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.setMissing("the CRD of ImageUpdates is not installed")
	if why := c.why(t, "1.3.0"); why != "the CRD of ImageUpdates is not installed" || c.created > 0 {
		t.Errorf("it waits: %s, %d were made", why, c.created)
	}
	c.setMissing("")
	c.refuses = errors.New("no")
	if why := c.why(t, "1.3.0"); !strings.HasPrefix(why, "the update cannot be proposed: ") {
		t.Errorf("it waits: %s", why)
	}
	c.refuses = nil
	c.others = true
	c.finds(t, "1.3.0")
	c.pass(t, 6*time.Hour)
	if got := c.update(t, "1.3.0").Status; got.Phase != "" {
		t.Errorf("another replica's update is %s", got.Phase)
	}
}
