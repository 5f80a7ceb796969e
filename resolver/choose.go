package resolver

import (
	"context"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// choose selects from a list, and reads of the selected tag what pin, platforms
// and age ask for.
func (r *Resolver) choose(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	if seen.index == nil || seen.index.Len() == 0 {
		kept := stayAtBase(q, StayEmptyList)
		kept.Warning = WarningEmptyList
		return kept
	}
	warning, trusted := seen.lackedTag(q)
	if !trusted {
		r.options.Metrics.lacked()
		kept := stayAtBase(q, StayNotInList)
		kept.Warning = warning
		return kept
	}
	q.limitTime(ctx)
	var chosen Resolution
	if q.Policy.ByDate(q.Tag) {
		chosen = r.latest(ctx, q, seen, credential)
	} else {
		chosen = r.highest(ctx, q, seen, credential)
	}
	if chosen.Warning == "" {
		chosen.Warning = warning
	}
	return chosen
}

// restsOnList reports whether the query would have the same answer of the same list at any
// time. What an image was built for counts as part of its tag.
func (q *Query) restsOnList(seen *view, answer *Resolution) bool {
	switch {
	case q.Policy.ByDate(q.Tag), q.needsDigest(), q.MinAge > 0, len(q.Soaks) > 0:
		return false
	case seen.err != nil, seen.suspect, seen.lacks, answer.Stale, answer.Err != nil, answer.Warning != "", len(answer.Passed) > 0:
		return false
	}
	return answer.Digest == q.Digest && answer.Reason != StayTooCostly && answer.Reason != policy.StayOutOfTime
}

// lackedTag is the warning for a list that lacks the base, empty if it has it. The
// list is not trusted while something may run from that tag and the tag was missed
// only once.
func (v *view) lackedTag(q *Query) (warning string, trusted bool) {
	switch {
	case !v.lacks || q.Policy.DemandsMove(q.Tag):
		return "", true
	case q.Create:
		return WarningMissingTag, true
	case v.confirmed:
		return WarningLackedTwice, true
	default:
		return WarningLacksTag, false
	}
}

// highest is the tag that the policy prefers among those that pass the conditions.
func (r *Resolver) highest(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	p := rejections{tags: map[string]bool{}}
	for p.canTryAnother() {
		selected := q.selects(seen, r.allowed(ctx, q, p.tags))
		if !selected.Moved(q.Tag) {
			break
		}
		chosen, rejected := r.examine(ctx, q, selected, credential)
		if rejected == nil {
			return p.annotate(chosen)
		}
		p.add(selected.Tag, rejected)
	}
	var kept Resolution
	if selected := q.selects(seen, r.allowed(ctx, q, p.tags)); p.last != nil && (p.last.fatal() || selected.Moved(q.Tag)) {
		kept = stayAtBase(q, p.last.reason)
	} else {
		kept = r.remain(ctx, q, selected, credential)
	}
	return r.tellOthers(ctx, q, seen, r.tellPassedTag(ctx, q, seen, p.tags, p.annotateStay(kept)))
}

// tellOthers adds what a stay passes over in other lines, if the query asks for it.
func (r *Resolver) tellOthers(ctx context.Context, q *Query, seen *view, kept Resolution) Resolution {
	if q.TellOthers && (kept.Reason == policy.StayOtherLines || kept.Reason == policy.StayNoCandidate) {
		kept.Others = q.Policy.OtherLines(q.ended, seen.index, q.Tag, r.allowed(ctx, q, nil))
	}
	return kept
}

// tellPassedTag adds the tag that would have been chosen if a condition on tags alone had
// not kept it from the policy.
func (r *Resolver) tellPassedTag(ctx context.Context, q *Query, seen *view, tried map[string]bool, kept Resolution) Resolution {
	if !r.judgesTags(q) || !kept.Reason.NothingNewer() && kept.Reason != policy.StayNoCandidate {
		return kept
	}
	preferred := q.selects(seen, func(tag string) bool { return q.allows(tried, tag) })
	if !preferred.Moved(q.Tag) {
		return kept
	}
	if rejected := r.judgeTag(ctx, q, preferred.Tag); rejected != nil {
		kept.Reason = rejected.reason
		kept.Passed = append([]Rejection{{preferred.Tag, rejected.text}}, kept.Passed...)
	}
	return kept
}

// selects stays where that would take more than the query may, or where its time ends
// while tags are matched.
func (q *Query) selects(seen *view, allow func(tag string) bool) policy.Selection {
	if !q.affords(seen.index.Len()) {
		return policy.Selection{Tag: q.Tag, Reason: StayTooCostly}
	}
	return q.Policy.SelectUntil(q.ended, seen.index, q.Tag, allow)
}

// limitTime has the matching of tags end with the time of the query. Where that has
// ended already, the list came as late, and a short one takes no time.
func (q *Query) limitTime(ctx context.Context) {
	if ctx.Err() == nil {
		q.ended = func() bool { return ctx.Err() != nil }
	}
}

// examine returns the answer that moves to a selected tag, or why the tag is rejected. It
// reads what conditions and pin ask for.
func (r *Resolver) examine(ctx context.Context, q *Query, selected policy.Selection, credential Credential) (Resolution, *rejection) {
	chosen := Resolution{Tag: selected.Tag, Reason: selected.Reason}
	if !q.needsDigest() && r.costs(q, move) <= costsNothing {
		return chosen, nil // the policy was shown no tag that does not pass
	}
	c := candidate{kind: move, tag: selected.Tag, credential: credential}
	if rejected := r.judge(ctx, q, &c); rejected != nil {
		return chosen, rejected
	}
	if !q.needsDigest() {
		return chosen, nil
	}
	if failed := r.read(ctx, q, &c, costsDigest); failed != nil {
		return chosen, failed
	}
	chosen.Digest, chosen.Stale, chosen.Err = c.digest, c.old != nil, c.old
	return chosen, nil
}

// remain is the base, with the digest that it lacks, or that its tag has by now under a
// pin that follows.
func (r *Resolver) remain(ctx context.Context, q *Query, selected policy.Selection, credential Credential) Resolution {
	kept := stayAtBase(q, selected.Reason)
	c := candidate{kind: pin, tag: q.Tag, credential: credential}
	answered := PinnedDigest
	switch {
	case q.Pin == PinFollow && q.Digest != "":
		c.kind, answered = rebuild, policy.SameTag
	case !q.Pin.writesDigest() || q.Digest != "" || !selected.Reason.NothingNewer():
		return kept
	}
	digest, err := r.digest(ctx, q, q.Tag, credential, r.readsBaseAhead(q, c.kind), r.options.FreshFor)
	switch {
	case digest == "" || notFound(err):
		kept.Reason, kept.Err = StayNoDigest, err
		return kept
	case digest == q.Digest:
		kept.Stale, kept.Err = err != nil, err
		return kept
	}
	c.digest, c.old, c.read = digest, err, costsDigest
	if rejected := r.judge(ctx, q, &c); rejected != nil {
		return stayFor(q, &c, rejected)
	}
	return Resolution{Tag: q.Tag, Digest: digest, Reason: answered, Stale: err != nil, Err: err}
}
