package resolver

import (
	"fmt"
	"slices"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const (
	// maxTried is how many tags that the policy prefers may turn out to have no
	// manifest, or none that serves, before the base stays.
	maxTried = 8
	// maxYoung is how many may be too young beside them: a pipeline can push more
	// in the time that they have to wait than may be broken.
	maxYoung = 50
)

// rejection is why a candidate cannot be the answer.
type rejection struct {
	reason      policy.Reason // of staying, if there is nothing else
	text        string        // as a clause for people
	err         error         // nil where the candidate itself is the reason
	oldEnoughAt time.Time     // when the reason ends by itself; zero where it does not
}

// fatal reports a failure that says nothing about the image: the registry could not
// be asked, and asking about the next tag would be no better.
func (r *rejection) fatal() bool { return r.err != nil && !notFound(r.err) }

// waits is true where a condition rejects what is newer for this workload: what was built
// for other platforms is not.
func (r *rejection) waits() bool { return r.reason != "" && r.reason != StayNoPlatform }

const textMissing = "listed, but has no manifest"

// unreadableImage is why an image that could not be read is not the answer.
func unreadableImage(err error) *rejection {
	switch registry.KindOf(err) {
	case registry.NotAnImage:
		return &rejection{reason: StayNoPlatform, text: "no container image"}
	case registry.BadAnswer, registry.TooLarge:
		return &rejection{reason: StayNoPlatform, text: "its manifest is invalid"}
	case registry.NotFound:
		return &rejection{reason: StayNoDigest, text: textMissing, err: err}
	default:
		return &rejection{reason: StayNoPlatform, text: "its manifest could not be read", err: err}
	}
}

// rejections are the tags that were tried on the way down from the one that the
// policy prefers.
type rejections struct {
	tags  map[string]bool
	told  []Rejection
	tried int
	young []*rejection
	last  *rejection
}

// canTryAnother reports whether another tag may be looked at.
func (p *rejections) canTryAnother() bool {
	return p.tried < maxTried && len(p.young) < maxYoung && (p.last == nil || !p.last.fatal())
}

func (p *rejections) add(tag string, why *rejection) {
	p.tags[tag], p.last = true, why
	p.told = append(p.told, Rejection{tag, why.text})
	if why.oldEnoughAt.IsZero() {
		p.tried++
		return
	}
	p.young = append(p.young, why)
}

// annotate adds to a resolution what was passed over on the way to it.
func (p *rejections) annotate(r Resolution) Resolution {
	if p.last == nil {
		return r
	}
	r.Passed = slices.Concat(p.told, r.Passed)
	if r.Err == nil {
		r.Err = p.last.err
	}
	for _, why := range p.young {
		r.OldEnoughAt = earlierOf(r.OldEnoughAt, why.oldEnoughAt)
	}
	return r
}

// annotateStay sets the reason for staying where candidates were rejected.
func (p *rejections) annotateStay(kept Resolution) Resolution {
	switch {
	case p.last == nil || p.last.fatal():
	case len(p.young) > 0 && kept.Reason != PinnedDigest && kept.Reason != policy.SameTag:
		kept.Reason = StayTooYoung
	case kept.Reason.NothingNewer() && p.last.reason != StayNoDigest:
		kept.Reason = p.last.reason
	}
	if len(p.young) == maxYoung {
		kept.Warning = fmt.Sprintf("the %d highest tags are younger than minAge; narrow them with filter", maxYoung)
	}
	return p.annotate(kept)
}

// stayFor is the base, with why its own tag does not get the candidate's digest.
func stayFor(q *Query, c *candidate, why *rejection) Resolution {
	kept := stayAtBase(q, why.reason)
	kept.Passed, kept.OldEnoughAt = []Rejection{{c.tag, why.text}}, why.oldEnoughAt
	kept.Err, kept.Stale = why.err, c.old != nil
	if kept.Err == nil {
		kept.Err = c.old
	}
	return kept
}
