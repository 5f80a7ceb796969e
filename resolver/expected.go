package resolver

import (
	"context"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// expects reports whether the answer would be the expected tag if the list had that tag and
// the base's alone, and more has to be read of the tag then.
func (r *Resolver) expects(ctx context.Context, q *Query) bool {
	if q.Expected == q.Tag || !policy.ValidTag(q.Expected) || q.Policy.ByDate(q.Tag) {
		return false
	}
	if !q.needsDigest() && r.costs(q, move) <= costsNothing {
		return false
	}
	pair := policy.NewIndex([]string{q.Tag, q.Expected})
	return q.Policy.Select(pair, q.Tag).Tag == q.Expected && q.allows(nil, q.Expected) && r.judgeTag(ctx, q, q.Expected) == nil
}
