package resolver

import (
	"context"

	"github.com/garboard-dev/garboard/resolver/policy"
)

const (
	// maxTried is how many tags that the policy prefers may turn out to have no
	// manifest, or none for the workload's platforms, before the base stays.
	maxTried = 8
	// maxYoung is how many may be too young beside them: a pipeline can push more
	// in the time that they have to wait than may be broken.
	maxYoung = 50
)

// choose selects from a list, and reads of the selected tag what pin, platforms
// and age ask for.
func (r *Resolver) choose(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	if seen.index == nil || seen.index.Len() == 0 {
		kept := stay(q, StayEmptyList)
		kept.Warning = WarningEmptyList
		return kept
	}
	warning, trusted := seen.lackedTag(q)
	if !trusted {
		r.options.Metrics.lacked()
		kept := stay(q, StayNotInList)
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

// highest is the tag that the policy prefers among those that serve.
func (r *Resolver) highest(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	p := passing{tags: map[string]bool{}}
	for p.goesOn() {
		selected := q.selects(seen, q.allowed(p.tags))
		if !selected.Moved(q.Tag) {
			break
		}
		digest, found := r.examine(ctx, q, selected.Tag, credential)
		if found == nil {
			chosen := Resolution{Tag: selected.Tag, Digest: digest.text, Reason: selected.Reason, Stale: digest.old != nil, Err: digest.old}
			return p.told(chosen)
		}
		p.by(selected.Tag, found)
	}
	var kept Resolution
	if selected := q.selects(seen, q.allowed(p.tags)); p.fault != nil && (p.fault.fatal() || selected.Moved(q.Tag)) {
		kept = stay(q, p.fault.reason)
	} else {
		kept = r.remain(ctx, q, selected, credential)
	}
	return q.tellOthers(seen, q.heldBack(seen, p.settled(kept)))
}

// tellOthers adds what a stay passes over in other lines, if the query asks for it.
func (q *Query) tellOthers(seen *view, kept Resolution) Resolution {
	if q.TellOthers && (kept.Reason == policy.StayOtherLines || kept.Reason == policy.StayNoCandidate) {
		kept.Others = q.Policy.OtherLines(q.ended, seen.index, q.Tag, q.allowed(nil))
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

// written is the digest that is written beside a tag; none is empty. old is why
// it may be an old one.
type written struct {
	text string
	old  error
}

// examine reads of a candidate what pin, platforms and age ask for.
func (r *Resolver) examine(ctx context.Context, q *Query, tag string, credential Credential) (written, *unfitError) {
	if !q.Pin.writesDigest() && len(q.Platforms) == 0 && q.MinAge <= 0 {
		return written{}, nil
	}
	digest, err := r.digest(ctx, q, tag, credential, r.options.FreshFor)
	switch {
	case notFound(err):
		return written{}, &unfitError{reason: StayNoDigest, text: textMissing, err: err}
	case digest == "":
		return written{}, &unfitError{reason: StayNoDigest, text: Text(StayNoDigest), err: err}
	}
	if fault := r.unfit(ctx, q, digest, credential); fault != nil {
		return written{}, fault
	}
	if !q.Pin.writesDigest() {
		return written{}, nil
	}
	return written{digest, err}, nil
}

// remain is the base, with the digest that it lacks.
func (r *Resolver) remain(ctx context.Context, q *Query, selected policy.Selection, credential Credential) Resolution {
	kept := stay(q, selected.Reason)
	if q.Pin == PinFollow && q.Digest != "" {
		return r.rebuilt(ctx, q, kept, credential)
	}
	if !q.Pin.writesDigest() || q.Digest != "" || !selected.Reason.NothingNewer() {
		return kept
	}
	digest, err := r.digest(ctx, q, q.Tag, credential, r.options.FreshFor)
	if digest == "" || notFound(err) {
		kept = stay(q, StayNoDigest)
		kept.Err = err
		return kept
	}
	age := *q // what runs may go on running, wherever it was built for
	age.Platforms = nil
	if fault := r.unfit(ctx, &age, digest, credential); fault != nil {
		kept = stay(q, fault.reason)
		kept.Err, kept.Passed, kept.Ripens = fault.err, []Rejection{{q.Tag, fault.text}}, fault.ripens
		return kept
	}
	return Resolution{Tag: q.Tag, Digest: digest, Reason: PinnedDigest, Stale: err != nil, Err: err}
}

// rebuilt is a base that stays, with the image that its tag points to by now. One that
// cannot be read, or does not serve, leaves the base as it is.
func (r *Resolver) rebuilt(ctx context.Context, q *Query, kept Resolution, credential Credential) Resolution {
	digest, err := r.digest(ctx, q, q.Tag, credential, r.options.FreshFor)
	switch {
	case digest == "" || notFound(err):
		kept.Reason, kept.Err = StayNoDigest, err
		return kept
	case digest == q.Digest:
		kept.Stale, kept.Err = err != nil, err
		return kept
	case q.Hold.Tag == q.Tag && q.Hold.Digest == digest:
		kept.Reason, kept.Passed = StayHeld, []Rejection{{q.Tag, textHeld}}
		return kept
	}
	if fault := r.unfit(ctx, q, digest, credential); fault != nil {
		kept.Reason = fault.reason
		kept.Err, kept.Passed, kept.Ripens = fault.err, []Rejection{{q.Tag, fault.text}}, fault.ripens
		return kept
	}
	return Resolution{Tag: q.Tag, Digest: digest, Reason: policy.SameTag, Stale: err != nil, Err: err}
}
