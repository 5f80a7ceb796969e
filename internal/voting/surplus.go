package voting

import (
	"slices"
	"time"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// MaxVotes is how many votes of one voter on one update are kept: a change of mind is
// another vote, and the earlier ones stay to be seen.
const MaxVotes = 16

// Surplus returns the votes that voters cast on an update beyond MaxVotes each, the first
// first. The one that counts is none of them, nor is one that reopens the update.
func Surplus(update *v1alpha1.ImageUpdate, votes []v1alpha1.ImageUpdateVote) []*v1alpha1.ImageUpdateVote {
	of := map[string][]*v1alpha1.ImageUpdateVote{}
	for i := range votes {
		if vote := &votes[i]; vote.Namespace == update.Namespace && vote.Spec.Update == update.Name && vote.DeletionTimestamp == nil {
			of[vote.Spec.Voter] = append(of[vote.Spec.Voter], vote)
		}
	}
	var surplus []*v1alpha1.ImageUpdateVote
	for _, own := range of {
		spare := len(own) - MaxVotes
		if spare <= 0 {
			continue
		}
		slices.SortFunc(own, compareCast)
		for _, vote := range slices.DeleteFunc(slices.Clone(own), matters(update, own)) {
			if spare == 0 {
				break
			}
			surplus, spare = append(surplus, vote), spare-1
		}
	}
	slices.SortFunc(surplus, compareCast)
	return surplus
}

// matters tells which of a voter's votes, which are in the order of casting, the update's
// fate hangs on: the last in time, and the first that reopens it.
func matters(update *v1alpha1.ImageUpdate, own []*v1alpha1.ImageUpdateVote) func(*v1alpha1.ImageUpdateVote) bool {
	var last, reopens *v1alpha1.ImageUpdateVote
	for _, vote := range own {
		if Stands(vote, update) {
			last = vote
		}
		if _, ok := Reopening(update, []v1alpha1.ImageUpdateVote{*vote}, time.Time{}); ok && reopens == nil {
			reopens = vote
		}
	}
	return func(vote *v1alpha1.ImageUpdateVote) bool { return vote == last || vote == reopens }
}
