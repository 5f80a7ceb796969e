package policy

import "sort"

// ranged selects for semver:. From a version, candidates are of its line, and
// above it if it lies in the range. From no version, they are the plain tags of
// two or three parts.
func (s *search) ranged() (string, Reason) {
	preReleases := s.policy.preReleases || s.isVersion && !s.version.stable()
	if !s.isVersion {
		best := s.inSpan(s.view.lines[lineKey{parts: 3}].entries(preReleases), nil)
		short := s.inSpan(s.view.lines[lineKey{parts: 2}].entries(preReleases), nil)
		if best == nil || short != nil && s.above(short, best) {
			best = short
		}
		if best == nil {
			return "", StayNoCandidate
		}
		return best.tag, IntoRange
	}
	entries := s.view.line(&s.version).entries(preReleases)
	if !s.contained() {
		if best := s.inSpan(entries, nil); best != nil {
			return best.tag, IntoRange
		}
		return "", StayNoCandidate
	}
	if best := s.inSpan(entries, &s.version); best != nil {
		return best.tag, s.step(&best.version)
	}
	return "", StayNewest
}

func (s *search) above(e, best *entry) bool {
	if c := compareVersions(&e.version, &best.version); c != 0 {
		return c > 0
	}
	return s.preferred(e, best)
}

// contained reports whether the current version lies in the range. A
// pre-release is looked up first: the index holds it ready for blang.
func (s *search) contained() bool {
	if s.version.stable() {
		return s.policy.span.match(s.version.semver(nil))
	}
	entries := s.view.line(&s.version).entries(true)
	at, found := sort.Find(len(entries), func(i int) int { return compareVersions(&s.version, &entries[i].version) })
	if found {
		return s.policy.span.match(entries[at].semver(entries[at].ids))
	}
	return s.policy.span.contains(s.version)
}

// inSpan walks down from the range's upper bound to its lower one, or to the
// version above which the answer must be.
func (s *search) inSpan(entries []*entry, above *version) *entry {
	span := s.policy.span
	end := len(entries)
	if span.high != nil {
		end = sort.Search(len(entries), func(i int) bool { return compareVersions(&entries[i].version, span.high) > 0 })
	}
	for end > 0 {
		last := entries[end-1]
		if above != nil && compareVersions(&last.version, above) <= 0 ||
			span.low != nil && compareVersions(&last.version, span.low) < 0 {
			return nil
		}
		start := runStart(entries, end)
		if span.match(last.semver(last.ids)) {
			if e := s.pick(entries[start:end]); e != nil {
				return e
			}
		}
		end = start
	}
	return nil
}
