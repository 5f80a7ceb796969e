package resolver

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// Explain says why each other tag of the list is not what Resolve answered.
// First come the tags that were preferred to the answer, best first, the rest
// follow in natural order. The error is an *Unavailable; it is the context's if that
// ends before all tags are judged.
func (r *Resolver) Explain(ctx context.Context, q Query, answer Resolution) ([]Rejection, error) {
	if err := q.check(); err != nil {
		return nil, &Unavailable{Repository: q.Repository.String(), Err: err}
	}
	if err := r.allows(&q); err != nil {
		return nil, &Unavailable{Repository: q.Repository.String(), Err: err}
	}
	seen, _ := r.see(ctx, &q)
	if seen.index == nil && seen.err != nil {
		return nil, &Unavailable{Repository: q.Repository.String(), Err: seen.err}
	}
	q.limitTime(ctx)
	rejected, told := slices.Clone(answer.Passed), map[string]bool{}
	for _, passed := range answer.Passed {
		told[passed.Tag] = true
	}
	if selected := q.selects(&seen, r.allowed(ctx, &q, told)); selected.Tag != answer.Tag && !q.Policy.ByDate(q.Tag) {
		rejected = append(rejected, Rejection{selected.Tag, notChosen(&answer)})
		told[selected.Tag] = true
	}
	ended := func() bool { return ctx.Err() != nil }
	verdicts, _ := q.Policy.ExplainUntil(ended, seen.index, q.Tag, answer.Tag)
	for _, v := range verdicts {
		if ended() {
			break
		}
		if !told[v.Tag] {
			rejected = append(rejected, Rejection{Tag: v.Tag, Text: r.explain(ctx, &q, v, &answer)})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, &Unavailable{Repository: q.Repository.String(), Err: err}
	}
	return rejected, nil
}

func notChosen(answer *Resolution) string { return "not chosen: " + Text(answer.Reason) }

// textNotAllowed is why a tag is no candidate of this query.
const textNotAllowed = "not among the tags that were asked for"

// explain is why a tag is not the answer, by the terms that Resolve goes by.
func (r *Resolver) explain(ctx context.Context, q *Query, v policy.Verdict, answer *Resolution) string {
	switch v.Reason {
	case policy.RejectNotHighest, policy.RejectNotLatest, policy.RejectSameVersion: // a candidate
	default:
		return v.Reason.Text()
	}
	if !q.allows(nil, v.Tag) {
		return textNotAllowed
	}
	if rejected := r.judgeTag(ctx, q, v.Tag); rejected != nil {
		return rejected.text
	}
	if v.Reason != policy.RejectNotLatest && r.noneServes(answer.Reason) {
		return notChosen(answer)
	}
	return v.Reason.Text()
}

// noneServes reports a reason to stay though there are candidates.
func (r *Resolver) noneServes(reason policy.Reason) bool {
	return reason == StayNotInList || reason == StayNoDigest ||
		slices.ContainsFunc(r.conditions, func(c condition) bool { return c.reason() == reason })
}

// Higher narrows what Explain says to the tags above a base, the highest first: those that
// begin as versions do, and then the rest.
func Higher(rejected []Rejection, base string) []Rejection {
	var found []Rejection
	for _, r := range rejected {
		if policy.CompareNatural(r.Tag, base) > 0 {
			found = append(found, r)
		}
	}
	begins := func(tag string) int {
		if rest := strings.TrimPrefix(tag, "v"); rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(begins(a.Tag), begins(b.Tag)), policy.CompareNatural(b.Tag, a.Tag))
	})
	return found
}
