package approval

import (
	"slices"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// With adds the approvals of an earlier update, whose votes carry over. Who has voted on
// this one since counts by that vote.
func (t Tally) With(earlier Tally) Tally {
	all := t
	all.Voters = slices.Clone(t.Voters)
	for _, voter := range earlier.Voters {
		voted := slices.ContainsFunc(t.Voters, func(v v1alpha1.Voter) bool { return v.Name == voter.Name })
		if voted || voter.Verdict != v1alpha1.VerdictApprove {
			continue
		}
		all.Approvals++
		if voter.Now {
			all.NowApprovals++
		}
		if len(all.Voters) < v1alpha1.MaxVoters {
			all.Voters = append(all.Voters, voter)
		}
	}
	return all
}
