package voting

import (
	"slices"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// With adds the approvals of an earlier update, whose votes carry over: none of one that
// was rejected. Who has voted on this one since counts by that vote.
func (t Tally) With(earlier Tally) Tally {
	if earlier.Rejections > 0 {
		return t
	}
	voted := make(map[string]bool, len(t.all))
	for _, voter := range t.all {
		voted[voter.Name] = true
	}
	all := slices.Clone(t.all)
	for _, voter := range earlier.all {
		if !voted[voter.Name] {
			all = append(all, voter)
		}
	}
	return tallyOf(all)
}

// tallyOf counts voters, each of whom is named once.
func tallyOf(all []v1alpha1.Voter) Tally {
	t := Tally{all: all, Voters: slices.Clip(all[:min(len(all), v1alpha1.MaxVoters)])}
	for _, voter := range all {
		switch {
		case voter.Verdict == v1alpha1.VerdictReject:
			t.Rejections++
		case voter.Now:
			t.Approvals++
			t.NowApprovals++
		default:
			t.Approvals++
		}
	}
	return t
}
