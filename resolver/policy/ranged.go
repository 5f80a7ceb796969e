package policy

import "sort"

// ranged selects for semver:. From a version, candidates are of its line, and
// above it if it lies in the range. From no version, they are the plain tags of
// two or three parts.
func (s *search) ranged() (string, Reason) {
	if !s.isVersion {
		return s.intoRange()
	}
	l := s.view.line(&s.key)
	if !s.contained() {
		if best := s.rangedLine(l, nil); best != nil {
			return s.view.tags[best.tag], IntoRange
		}
		return "", StayNoCandidate
	}
	if best := s.rangedLine(l, &s.entry); best != nil {
		return s.view.tags[best.tag], s.step(best)
	}
	if s.hasHigherLines() {
		return "", StayOtherLines
	}
	return "", StayNewest
}

func (s *search) intoRange() (string, Reason) {
	var best *entry
	for kind := noDate; kind < dashedDates; kind++ {
		for _, parts := range [...]uint8{3, 2} {
			other := s.rangedLine(s.view.line(&lineKey{parts: parts, dates: kind}), nil)
			if best == nil || other != nil && s.above(other, best) {
				best = other
			}
		}
	}
	if best == nil {
		return "", StayNoCandidate
	}
	return s.view.tags[best.tag], IntoRange
}

func (s *search) above(e, best *entry) bool {
	if c := compareEntries(e, best); c != 0 {
		return c > 0
	}
	return s.preferred(e, best)
}

// rangedLine is the highest tag of a line that lies in the range, as the current
// tag lets pre-releases in.
func (s *search) rangedLine(l *line, above *entry) *entry {
	switch {
	case l == nil:
		return nil
	case s.policy.preReleases:
		return s.inSpan(l.all, everything, above)
	case s.isVersion && s.entry.channel():
		return s.inSpan(l.all, sameChannel, above)
	case s.onItsWay():
		return s.inSpan(l.all, alsoNamed, above)
	case s.policy.span.names:
		return s.inSpan(l.all, named, above)
	default:
		return s.inSpan(l.releases, everything, above)
	}
}

// onItsWay reports a current pre-release that lets any other in. One that the
// range names lets in no more than the range does: else it would go on from
// where the range has brought it.
func (s *search) onItsWay() bool {
	return s.isVersion && !s.entry.stable() && !s.names(&s.entry)
}

// names reports whether the range asks for the pre-release.
func (s *search) names(e *entry) bool {
	return s.policy.span.names && s.policy.span.asksFor(e, s.view.semver(e))
}

// contained reports whether the current version lies in the range.
func (s *search) contained() bool {
	return s.policy.span.match(s.view.semver(&s.entry))
}

// inSpan walks down from the range's upper bound to its lower one, or to the
// version above which the answer must be.
func (s *search) inSpan(o order, which stability, above *entry) *entry {
	span, entries := s.policy.span, s.view.entries
	end := len(o)
	if high := span.high; high != nil {
		end = sort.Search(len(o), func(i int) bool { return compareEntries(&entries[o[i]], high) >= 0 })
	}
	for end > 0 {
		last := &entries[o[end-1]]
		if above != nil && compareEntries(last, above) <= 0 || compareEntries(last, span.low) < 0 {
			return nil
		}
		start := s.view.runStart(o, end)
		if s.takes(last, which) && span.match(s.view.semver(last)) {
			if e := s.pick(o[start:end]); e != nil {
				return e
			}
		}
		end = start
	}
	return nil
}
