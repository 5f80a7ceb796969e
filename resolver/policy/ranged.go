package policy

import "sort"

// ranged selects for semver:. From a version, candidates are of its line, and
// above it if it lies in the range. From no version, they are the plain tags of
// two or three parts.
func (s *search) ranged() (string, Reason) {
	preReleases := s.policy.preReleases || s.isVersion && !s.version.stable()
	if !s.isVersion {
		best := s.inSpan(s.view.order(lineKey{parts: 3}, preReleases), nil)
		short := s.inSpan(s.view.order(lineKey{parts: 2}, preReleases), nil)
		if best == nil || short != nil && s.above(short, best) {
			best = short
		}
		if best == nil {
			return "", StayNoCandidate
		}
		return s.view.tags[best.tag], IntoRange
	}
	o := s.view.line(&s.version, preReleases)
	if !s.contained() {
		if best := s.inSpan(o, nil); best != nil {
			return s.view.tags[best.tag], IntoRange
		}
		return "", StayNoCandidate
	}
	current := s.version.entry()
	if best := s.inSpan(o, &current); best != nil {
		return s.view.tags[best.tag], s.step(best)
	}
	return "", StayNewest
}

func (s *search) above(e, best *entry) bool {
	if c := compareEntries(e, best); c != 0 {
		return c > 0
	}
	return s.preferred(e, best)
}

// contained reports whether the current version lies in the range.
func (s *search) contained() bool {
	if s.version.stable() {
		return s.policy.span.match(s.version.semver(nil))
	}
	current := s.version.entry()
	return s.policy.span.match(s.view.semver(&current))
}

// inSpan walks down from the range's upper bound to its lower one, or to the
// version above which the answer must be.
func (s *search) inSpan(o order, above *entry) *entry {
	span, entries := s.policy.span, s.view.entries
	end := len(o)
	if span.high != nil {
		high := span.high.entry()
		end = sort.Search(len(o), func(i int) bool { return compareEntries(&entries[o[i]], &high) > 0 })
	}
	var low *entry
	if span.low != nil {
		bound := span.low.entry()
		low = &bound
	}
	for end > 0 {
		last := &entries[o[end-1]]
		if above != nil && compareEntries(last, above) <= 0 || low != nil && compareEntries(last, low) < 0 {
			return nil
		}
		start := s.view.runStart(o, end)
		if span.match(s.view.semver(last)) {
			if e := s.pick(o[start:end]); e != nil {
				return e
			}
		}
		end = start
	}
	return nil
}
