package policy

import "sort"

// level selects for all, major, minor and patch: the highest tag of the line
// above the current one, as far as the level reaches.
func (s *search) level() (string, Reason) {
	switch {
	case s.current == "":
		return "", StayNoCurrent
	case !s.hasText:
		return "", StayFiltered
	case !s.isVersion:
		return "", StayNotAVersion
	}
	anyPreRelease := s.policy.preReleases || s.policy.kind == kindAll
	best := s.highest(s.view.line(&s.version, anyPreRelease), s.reach(s.policy.kind))
	if best == nil && !s.version.stable() && !anyPreRelease {
		// A release above would be above every pre-release of the same x.y.z,
		// so these come second.
		best = s.highest(s.view.line(&s.version, true), reachNumber)
	}
	if best == nil {
		return "", StayNewest
	}
	return s.view.tags[best.tag], s.step(best)
}

// reach is how many of the three numbers a candidate shares with the current
// tag.
type reach int

const (
	reachAll    reach = 0
	reachMajor  reach = 1
	reachMinor  reach = 2
	reachNumber reach = 3
)

func (s *search) reach(k kind) reach {
	switch k {
	case kindMinor:
		return reachMajor
	case kindPatch:
		return reachMinor
	default:
		return reachAll
	}
}

// highest walks down from the last entry within reach to the current version.
func (s *search) highest(o order, r reach) *entry {
	entries, current := s.view.entries, s.version.entry()
	end := len(o)
	if r != reachAll {
		end = sort.Search(len(o), func(i int) bool { return entries[o[i]].beyond(&current, r) })
	}
	for end > 0 && compareEntries(&entries[o[end-1]], &current) > 0 {
		start := s.view.runStart(o, end)
		if e := s.pick(o[start:end]); e != nil {
			return e
		}
		end = start
	}
	return nil
}

// beyond reports a version above all those that share the current one's
// numbers.
func (s *search) beyond(v *version, r reach) bool {
	e, current := v.entry(), s.version.entry()
	return e.beyond(&current, r)
}

func (e *entry) beyond(current *entry, r reach) bool {
	switch {
	case e.major != current.major:
		return e.major > current.major
	case r == reachMajor:
		return false
	case e.minor != current.minor:
		return e.minor > current.minor
	case r == reachMinor:
		return false
	default:
		return e.patch > current.patch
	}
}

// pick decides among equal versions, which are in lexical order: the current
// tag itself, then one that is alike in its v, then the lexically smaller.
func (s *search) pick(equal order) *entry {
	var best *entry
	for _, at := range equal {
		e := &s.view.entries[at]
		if s.permits(s.view.tags[e.tag]) && (best == nil || s.preferred(e, best)) {
			best = e
		}
	}
	return best
}

// preferred goes by the place among the tags where that decides: these are in
// lexical order.
func (s *search) preferred(e, best *entry) bool {
	if !s.isVersion {
		return e.tag < best.tag
	}
	same, bestSame := e.prefixed == s.version.prefixed, best.prefixed == s.version.prefixed
	if same != bestSame {
		return same
	}
	return e.tag < best.tag
}

// step names the difference between the current version and a higher one.
func (s *search) step(to *entry) Reason {
	switch {
	case !to.stable():
		return NewerPreRelease
	case to.major != s.version.major:
		return NewerMajor
	case to.minor != s.version.minor:
		return NewerMinor
	case to.patch != s.version.patch:
		return NewerPatch
	default:
		return NewerRelease
	}
}
