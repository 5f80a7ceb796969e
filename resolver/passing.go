package resolver

import (
	"fmt"
	"slices"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// passing is what was passed over on the way down from the tag that the policy
// prefers.
type passing struct {
	tags     map[string]bool
	rejected []Rejection
	tried    int
	young    []*unfitError
	fault    *unfitError // of the last one
}

// goesOn reports whether another tag may be looked at.
func (p *passing) goesOn() bool {
	return p.tried < maxTried && len(p.young) < maxYoung && (p.fault == nil || !p.fault.fatal())
}

func (p *passing) by(tag string, fault *unfitError) {
	p.tags[tag], p.fault = true, fault
	p.rejected = append(p.rejected, Rejection{tag, fault.text})
	if fault.ripens.IsZero() {
		p.tried++
		return
	}
	p.young = append(p.young, fault)
}

// told adds to a resolution what was passed over on the way to it.
func (p *passing) told(r Resolution) Resolution {
	if p.fault == nil {
		return r
	}
	r.Passed = slices.Concat(p.rejected, r.Passed)
	if r.Err == nil {
		r.Err = p.fault.err
	}
	for _, fault := range p.young {
		r.Ripens = sooner(r.Ripens, fault.ripens)
	}
	return r
}

// settled is told of a base that stays, which may do so for what was passed over.
func (p *passing) settled(kept Resolution) Resolution {
	switch {
	case p.fault == nil || p.fault.fatal():
	case len(p.young) > 0 && kept.Reason != PinnedDigest && kept.Reason != policy.SameTag:
		kept.Reason = StayTooYoung
	case kept.Reason.NothingNewer() && p.fault.reason == StayNoPlatform:
		kept.Reason = StayNoPlatform
	}
	if len(p.young) == maxYoung {
		kept.Warning = fmt.Sprintf("the %d highest tags are younger than minAge; narrow them with filter", maxYoung)
	}
	return p.told(kept)
}
