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
	l := s.view.line(&s.version)
	anyPreRelease := s.policy.preReleases || s.policy.kind == kindAll
	best := s.highest(l.entries(anyPreRelease), s.reach(s.policy.kind))
	if best == nil && !s.version.stable() && !anyPreRelease {
		// A release above would be above every pre-release of the same x.y.z,
		// so these come second.
		best = s.highest(l.entries(true), reachNumber)
	}
	if best == nil {
		return "", StayNewest
	}
	return best.tag, s.step(&best.version)
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
func (s *search) highest(entries []*entry, r reach) *entry {
	end := len(entries)
	if r != reachAll {
		end = sort.Search(len(entries), func(i int) bool { return s.beyond(&entries[i].version, r) })
	}
	for end > 0 && compareVersions(&entries[end-1].version, &s.version) > 0 {
		start := runStart(entries, end)
		if e := s.pick(entries[start:end]); e != nil {
			return e
		}
		end = start
	}
	return nil
}

// beyond reports a version above all those that share the current one's
// numbers.
func (s *search) beyond(v *version, r reach) bool {
	switch {
	case v.major != s.version.major:
		return v.major > s.version.major
	case r == reachMajor:
		return false
	case v.minor != s.version.minor:
		return v.minor > s.version.minor
	case r == reachMinor:
		return false
	default:
		return v.patch > s.version.patch
	}
}

// runStart returns where the equal versions that end before end begin.
func runStart(entries []*entry, end int) int {
	start := end - 1
	for start > 0 && compareVersions(&entries[start-1].version, &entries[end-1].version) == 0 {
		start--
	}
	return start
}

// pick decides among equal versions, which are in lexical order: the current
// tag itself, then one that is alike in its v, then the lexically smaller.
func (s *search) pick(equal []*entry) *entry {
	var best *entry
	for _, e := range equal {
		if s.permits(e.tag) && (best == nil || s.preferred(e, best)) {
			best = e
		}
	}
	return best
}

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
func (s *search) step(to *version) Reason {
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
