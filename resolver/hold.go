package resolver

import "github.com/garboard-dev/garboard/resolver/policy"

// Hold is the version that a workload has left. While it stands, no version
// above what runs, up to and including it, is a candidate; a higher one is, and
// ends it. Where the policy follows digests or build dates, a Digest names the
// one image that was left: another build of the same tag is a later one.
type Hold struct {
	Tag, Digest string
}

// textHeld is why a tag that the policy prefers is not taken.
const textHeld = "held"

// Holds reports whether the hold keeps a container that runs base from a
// candidate.
func (h Hold) Holds(p *policy.Policy, base, tag, digest string) bool {
	if h.Tag == "" {
		return false
	}
	if h.Digest != "" && p.ByDigest(base) {
		return h.Digest == digest
	}
	if tag == h.Tag {
		return true
	}
	if order, ordered := p.Compare(tag, h.Tag); !ordered || order > 0 {
		return false
	}
	order, ordered := p.Compare(tag, base)
	return !ordered || order > 0
}

func (q *Query) holds(tag, digest string) bool {
	return q.Hold.Holds(q.Policy, q.Tag, tag, digest)
}

// allowed narrows candidates by the query's own rule, its hold, and those that
// were tried in vain. Nil allows all.
func (q *Query) allowed(tried map[string]bool) func(tag string) bool {
	if len(tried) == 0 && q.Hold.Tag == "" {
		return q.Allow
	}
	return func(tag string) bool {
		return !tried[tag] && !q.holds(tag, "") && (q.Allow == nil || q.Allow(tag))
	}
}

// heldBack tells of the tag that would have been chosen but for the hold.
func (q *Query) heldBack(seen *view, kept Resolution) Resolution {
	if q.Hold.Tag == "" || !kept.Reason.NothingNewer() && kept.Reason != policy.StayNoCandidate {
		return kept
	}
	if free := q.selects(seen, q.Allow); free.Moved(q.Tag) {
		kept.Reason = StayHeld
		kept.Passed = append([]Rejection{{free.Tag, textHeld}}, kept.Passed...)
	}
	return kept
}
