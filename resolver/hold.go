package resolver

import (
	"context"

	"github.com/garboard-dev/garboard/resolver/policy"
)

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
	if h.Digest != "" && p.MayReplaceSameTag(base) {
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

// holdCondition keeps from what the workload has left.
type holdCondition struct{}

func (holdCondition) cost(q *Query, k kind) cost {
	switch {
	case q.Hold.Tag == "" || k == pin:
		return notAsked
	case k == rebuild, q.Hold.Digest != "" && q.Policy.MayReplaceSameTag(q.Tag):
		return costsDigest
	default:
		return costsNothing
	}
}

func (holdCondition) judge(_ context.Context, q *Query, c *candidate) *rejection {
	held := c.beforeHeld || q.holds(c.tag, c.digest)
	if c.kind == rebuild { // the tag is the base's own: the hold means one image of it
		held = q.Hold.Tag == c.tag && q.Hold.Digest == c.digest
	}
	if !held {
		return nil
	}
	return &rejection{text: textHeld}
}

func (holdCondition) reason() policy.Reason { return StayHeld }
