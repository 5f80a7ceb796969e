package resolver

import (
	"context"
	"slices"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// Explain says why each other tag of the list is not what Resolve answered.
// First come the tags that were preferred to the answer, best first, the rest
// follow in natural order. The error is an *Unavailable.
func (r *Resolver) Explain(ctx context.Context, q Query, answer Resolution) ([]Rejection, error) {
	if err := q.check(); err != nil {
		return nil, &Unavailable{Repository: q.Repository, Err: err}
	}
	if err := r.allows(&q); err != nil {
		return nil, &Unavailable{Repository: q.Repository, Err: err}
	}
	seen, _ := r.see(ctx, &q)
	if seen.index == nil && seen.err != nil {
		return nil, &Unavailable{Repository: q.Repository, Err: seen.err}
	}
	q.limitTime(ctx)
	rejected, told := slices.Clone(answer.Passed), map[string]bool{}
	for _, passed := range answer.Passed {
		told[passed.Tag] = true
	}
	if selected := q.selects(&seen, q.allowed(told)); selected.Tag != answer.Tag && !q.Policy.ByDate(q.Tag) {
		rejected = append(rejected, Rejection{selected.Tag, notChosen(&answer)})
		told[selected.Tag] = true
	}
	for _, v := range q.Policy.Explain(seen.index, q.Tag) {
		if v.Tag == answer.Tag || told[v.Tag] {
			continue
		}
		text := v.Reason.Text()
		switch v.Reason {
		case policy.RejectNotHighest, policy.RejectSameVersion: // a candidate, judged beside the policy's choice
			text = beside(&q, v.Tag, &answer)
		}
		rejected = append(rejected, Rejection{Tag: v.Tag, Text: text})
	}
	return rejected, nil
}

func notChosen(answer *Resolution) string { return "not chosen: " + Text(answer.Reason) }

// beside is why a candidate is not the answer.
func beside(q *Query, tag string, answer *Resolution) string {
	switch answer.Reason {
	case StayNotInList, StayNoDigest, StayNoPlatform, StayTooYoung: // nothing was chosen
		return notChosen(answer)
	}
	if c, ordered := q.Policy.Compare(tag, answer.Tag); ordered && c == 0 {
		return policy.RejectSameVersion.Text()
	}
	return policy.RejectNotHighest.Text()
}
