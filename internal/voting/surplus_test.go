package voting_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// Who votes without end fills the cluster, and takes nothing from what counts.
func TestSurplusAreVotesThatCountForNothing(t *testing.T) {
	decided := func(phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
		return pending(func(u *v1alpha1.ImageUpdate) { u.Status.Phase, u.Status.DecidedAt = phase, new(at(50)) })
	}
	many := func(voter string, from, n int, changes ...change) (all []v1alpha1.ImageUpdateVote) {
		for minute := range n {
			all = append(all, vote(voter, approve, from+minute, changes...))
		}
		return all
	}
	tests := map[string]struct {
		update *v1alpha1.ImageUpdate
		votes  []v1alpha1.ImageUpdateVote
		want   string
	}{
		"no more than are kept":                            {votes: many("ann", 20, 16)},
		"as many of each of two":                           {votes: slices.Concat(many("ann", 20, 16), many("bob", 20, 16))},
		"the first ones":                                   {votes: many("ann", 20, 18), want: "ann-20 ann-21"},
		"of each voter":                                    {votes: slices.Concat(many("ann", 20, 17), many("bob", 30, 17)), want: "ann-20 bob-30"},
		"after a decision the one before":                  {update: decided(v1alpha1.PhaseApproved), votes: many("ann", 49, 19), want: "ann-49 ann-51 ann-52"},
		"and not the one that reopens":                     {update: decided(v1alpha1.PhaseRejected), votes: slices.Concat(many("ann", 51, 1, reopen), many("ann", 52, 17)), want: "ann-52 ann-53"},
		"of those that name another update as their owner": {votes: many("ann", 20, 18, ownedBy("u0")), want: "ann-20 ann-21"},
		"and none on another update":                       {votes: many("ann", 20, 18, func(v *v1alpha1.ImageUpdateVote) { v.Spec.Update = "shop-2" })},
		"and none that is on its way out":                  {votes: many("ann", 20, 18, func(v *v1alpha1.ImageUpdateVote) { v.DeletionTimestamp = new(at(60)) })},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			update := test.update
			if update == nil {
				update = pending(nil)
			}
			before := voting.Count(update, test.votes, at(0).Time)
			var names []string
			for _, v := range voting.Surplus(update, test.votes) {
				names = append(names, v.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			left := slices.DeleteFunc(slices.Clone(test.votes), func(v v1alpha1.ImageUpdateVote) bool { return slices.Contains(names, v.Name) })
			if after := voting.Count(update, left, at(0).Time); before.Approvals != after.Approvals || before.Rejections != after.Rejections {
				t.Errorf("without them the tally is %+v, and was %+v", after, before)
			}
		})
	}
}
