package ballot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
)

const (
	approve = v1alpha1.VerdictApprove
	reject  = v1alpha1.VerdictReject
)

var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func at(minutes int) metav1.Time {
	return metav1.NewTime(start.Add(time.Duration(minutes) * time.Minute))
}

func update(phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
	u := &v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop-1", UID: "u1", CreationTimestamp: at(0)},
		Spec:       v1alpha1.ImageUpdateSpec{VotesRequired: 2, Deadline: at(100)},
		Status:     v1alpha1.ImageUpdateStatus{Phase: phase},
	}
	if phase != "" && phase != v1alpha1.PhasePending {
		u.Status.DecidedAt = new(at(40))
	}
	return u
}

// cast is a vote of ann's that is there already, the nth by its name.
func cast(n, minute int, paper ballot.Paper) *v1alpha1.ImageUpdateVote {
	return &v1alpha1.ImageUpdateVote{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: voting.VoteName("shop-1", "ann", n), CreationTimestamp: at(minute)},
		Spec: v1alpha1.ImageUpdateVoteSpec{
			Update: "shop-1", Voter: "ann", Verdict: paper.Verdict, Comment: paper.Comment, Reopen: paper.Reopen, Now: paper.Now,
		},
	}
}

// box is ann's, in a cluster with these votes.
func box(t *testing.T, calls interceptor.Funcs, votes ...*v1alpha1.ImageUpdateVote) *ballot.Box {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(calls)
	for _, vote := range votes {
		builder = builder.WithObjects(vote)
	}
	return &ballot.Box{Client: builder.Build(), Voter: "ann", Now: func() time.Time { return at(50).Time }}
}

func votesOf(t *testing.T, b *ballot.Box) []v1alpha1.ImageUpdateVote {
	t.Helper()
	votes, err := b.Votes(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return votes
}

func TestCast(t *testing.T) {
	yes, no := ballot.Paper{Verdict: approve}, ballot.Paper{Verdict: reject}
	tests := map[string]struct {
		phase v1alpha1.Phase
		// late is after the deadline, and uncounted where the updater takes no vote in.
		late, uncounted bool
		earlier         []*v1alpha1.ImageUpdateVote
		paper           ballot.Paper
		// want is the number in the name of the new vote, 0 for none; refused is why.
		want    int
		refused string
	}{
		"a first vote":                             {phase: v1alpha1.PhasePending, paper: yes, want: 1},
		"on one that was proposed a moment ago":    {paper: yes, want: 1},
		"the same again":                           {phase: v1alpha1.PhasePending, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: yes},
		"the same again as it does not count":      {phase: v1alpha1.PhasePending, uncounted: true, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: yes, want: 2},
		"the same again, which counts soon":        {phase: v1alpha1.PhasePending, uncounted: true, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 50, yes)}, paper: yes},
		"another verdict":                          {phase: v1alpha1.PhasePending, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: no, want: 2},
		"the first verdict again, after another":   {phase: v1alpha1.PhasePending, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes), cast(2, 11, no)}, paper: yes, want: 3},
		"the same with a comment":                  {phase: v1alpha1.PhasePending, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: ballot.Paper{Verdict: approve, Comment: "tried"}, want: 2},
		"the same, and now":                        {phase: v1alpha1.PhasePending, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: ballot.Paper{Verdict: approve, Now: true}, want: 2},
		"after one that no longer counts":          {phase: v1alpha1.PhasePending, earlier: []*v1alpha1.ImageUpdateVote{cast(1, -10, yes)}, paper: yes, want: 2},
		"after the deadline":                       {phase: v1alpha1.PhasePending, late: true, paper: yes, refused: "imageupdate.garboard.dev/shop-1: its deadline has passed at 2026-03-02T09:30:00Z, so that no vote counts any more"},
		"on one that is approved":                  {phase: v1alpha1.PhaseApproved, paper: no, refused: "imageupdate.garboard.dev/shop-1: it is Approved, so that no vote counts any more"},
		"now, on one that is approved":             {phase: v1alpha1.PhaseApproved, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: ballot.Paper{Verdict: approve, Now: true}, want: 2},
		"on one that expired":                      {phase: v1alpha1.PhaseExpired, paper: yes, refused: "imageupdate.garboard.dev/shop-1: it is Expired, so that no vote counts; an approval with --reopen has it voted on again"},
		"that reopens one that expired":            {phase: v1alpha1.PhaseExpired, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes)}, paper: ballot.Paper{Verdict: approve, Reopen: true}, want: 2},
		"that reopens it again in the same moment": {phase: v1alpha1.PhaseExpired, earlier: []*v1alpha1.ImageUpdateVote{cast(1, 45, ballot.Paper{Verdict: approve, Reopen: true})}, paper: ballot.Paper{Verdict: approve, Reopen: true}},
		"that reopens one that is superseded":      {phase: v1alpha1.PhaseSuperseded, paper: ballot.Paper{Verdict: approve, Reopen: true}, refused: "imageupdate.garboard.dev/shop-1: it is Superseded, so that no vote counts any more"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := box(t, interceptor.Funcs{}, test.earlier...)
			on := update(test.phase)
			if test.late {
				on.Spec.Deadline = at(30)
			}
			before := votesOf(t, b)
			if !test.uncounted {
				on.Status.Voters = voting.Count(on, before, time.Time{}).Voters
			}
			vote, err := b.Cast(t.Context(), on, test.paper, before)
			if test.refused != "" {
				var refused *ballot.RefusedError
				if !errors.As(err, &refused) || err.Error() != test.refused {
					t.Errorf("got the error %v, want the refusal %q", err, test.refused)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if got, want := len(votesOf(t, b)), len(before)+min(test.want, 1); got != want {
				t.Errorf("votes afterwards: got %d, want %d", got, want)
			}
			if test.want == 0 {
				if vote != nil {
					t.Errorf("got the vote %q, want none", vote.Name)
				}
				return
			}
			want := &v1alpha1.ImageUpdateVote{
				TypeMeta: metav1.TypeMeta{APIVersion: "garboard.dev/v1alpha1", Kind: "ImageUpdateVote"},
				ObjectMeta: metav1.ObjectMeta{
					Namespace: "shop", Name: voting.VoteName("shop-1", "ann", test.want), ResourceVersion: "1",
					OwnerReferences: []metav1.OwnerReference{{APIVersion: "garboard.dev/v1alpha1", Kind: "ImageUpdate", Name: "shop-1", UID: "u1"}},
				},
				Spec: v1alpha1.ImageUpdateVoteSpec{Update: "shop-1", Voter: "ann", Verdict: test.paper.Verdict, Comment: test.paper.Comment, Reopen: test.paper.Reopen, Now: test.paper.Now},
			}
			if diff := cmp.Diff(want, vote); diff != "" {
				t.Errorf("vote (-want +got):\n%s", diff)
			}
		})
	}
}

// Two terminals of one person: neither vote is lost, and the second sees the first.
func TestCastBesideTheSameVoter(t *testing.T) {
	for name, test := range map[string]struct {
		other, paper ballot.Paper
		want         int
	}{
		"that says the same":    {ballot.Paper{Verdict: approve}, ballot.Paper{Verdict: approve}, 1},
		"that says another one": {ballot.Paper{Verdict: reject}, ballot.Paper{Verdict: approve}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := box(t, interceptor.Funcs{}, cast(1, 50, test.other))
			if _, err := b.Cast(t.Context(), update(v1alpha1.PhasePending), test.paper, nil); err != nil {
				t.Fatal(err)
			}
			if got := len(votesOf(t, b)); got != test.want {
				t.Errorf("votes: got %d, want %d", got, test.want)
			}
		})
	}
}

func TestCastWithoutTheRightSaysWhatTheServerSays(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Group: "garboard.dev", Resource: "imageupdatevotes"}, "", errors.New("no"))
	b := box(t, interceptor.Funcs{Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error { return forbidden }})
	vote, err := b.Cast(t.Context(), update(v1alpha1.PhasePending), ballot.Paper{Verdict: approve}, nil)
	if vote != nil || !errors.Is(err, forbidden) {
		t.Errorf("got the vote %v and the error %v, want the server's refusal", vote, err)
	}
}

func TestWithdraw(t *testing.T) {
	yes, no := ballot.Paper{Verdict: approve}, ballot.Paper{Verdict: reject}
	foreign := cast(1, 10, no)
	foreign.Name, foreign.Spec.Voter = "bobs", "bob"
	for name, test := range map[string]struct {
		phase   v1alpha1.Phase
		votes   []*v1alpha1.ImageUpdateVote
		want    int
		refused string
	}{
		"one vote":               {phase: v1alpha1.PhasePending, votes: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes), foreign}, want: 1},
		"one after another":      {phase: v1alpha1.PhasePending, votes: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes), cast(2, 11, no), foreign}, want: 2},
		"none":                   {phase: v1alpha1.PhasePending, votes: []*v1alpha1.ImageUpdateVote{foreign}, refused: "imageupdate.garboard.dev/shop-1: you have not voted on it"},
		"one that was counted":   {phase: v1alpha1.PhaseApproved, votes: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes), foreign}, refused: "imageupdate.garboard.dev/shop-1: it is Approved: its votes are counted"},
		"one of what is expired": {phase: v1alpha1.PhaseExpired, votes: []*v1alpha1.ImageUpdateVote{cast(1, 10, yes), foreign}, refused: "imageupdate.garboard.dev/shop-1: it is Expired: its votes are counted"},
	} {
		t.Run(name, func(t *testing.T) {
			b := box(t, interceptor.Funcs{}, test.votes...)
			got, err := b.Withdraw(t.Context(), update(test.phase), votesOf(t, b))
			said := ""
			if err != nil {
				said = err.Error()
			}
			if got != test.want || said != test.refused {
				t.Errorf("got %d and %q, want %d and %q", got, said, test.want, test.refused)
			}
			if left := len(votesOf(t, b)); left != len(test.votes)-test.want {
				t.Errorf("votes that are left: got %d, want %d", left, len(test.votes)-test.want)
			}
		})
	}
}

// Cut short, a withdrawal leaves the vote that counts, and not an older one in its place.
func TestWithdrawTakesTheLastVoteLast(t *testing.T) {
	broken := errors.New("broken")
	deleted := 0
	b := box(t, interceptor.Funcs{Delete: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteOption) error {
		if deleted++; deleted > 1 {
			return broken
		}
		return c.Delete(ctx, o, options...)
	}}, cast(1, 10, ballot.Paper{Verdict: approve}), cast(2, 11, ballot.Paper{Verdict: reject}))
	if n, err := b.Withdraw(t.Context(), update(v1alpha1.PhasePending), votesOf(t, b)); n != 1 || !errors.Is(err, broken) {
		t.Errorf("got %d and the error %v, want 1 and %v", n, err, broken)
	}
	left := votesOf(t, b)
	if len(left) != 1 || left[0].Spec.Verdict != reject {
		t.Errorf("left: %v, want the rejection alone", left)
	}
}
