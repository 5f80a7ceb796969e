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
		return "", notAVersion(s.text)
	}
	if best := s.inLine(s.view.line(&s.key)); best != nil {
		return s.view.tags[best.tag], s.step(best)
	}
	if s.hasHigherLines() {
		return "", StayOtherLines
	}
	return "", StayNewest
}

// inLine is the highest tag of the current tag's own line.
func (s *search) inLine(l *line) *entry {
	r := s.reach(s.policy.kind)
	switch {
	case l == nil:
		return nil
	case s.anyPreRelease():
		return s.highest(l.all, r, everything, &s.entry)
	case s.entry.channel():
		return s.highest(l.all, r, sameChannel, &s.entry)
	}
	best := s.highest(l.releases, r, everything, &s.entry)
	if best == nil && !s.version.stable() {
		// A release above would be above every pre-release of the same x.y.z,
		// so these come second.
		best = s.highest(l.all, reachNumber, numbered, &s.entry)
	}
	return best
}

// anyPreRelease reports whether pre-releases count as releases do.
func (s *search) anyPreRelease() bool { return s.policy.preReleases || s.policy.kind == kindAll }

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

// stability is which pre-releases may be chosen out of an order.
type stability uint8

const (
	everything  stability = iota // that is in the order
	sameChannel                  // the word that the current tag has
	numbered                     // and releases: no channel
	named                        // and releases: those that the range names
	alsoNamed                    // numbered, or named
)

func (s *search) takes(e *entry, which stability) bool {
	switch which {
	case sameChannel:
		return e.suffix == s.entry.suffix
	case numbered:
		return !e.channel()
	case named:
		return e.stable() || s.names(e)
	case alsoNamed:
		return !e.channel() || s.names(e)
	default:
		return true
	}
}

// highest walks down from the last entry within reach to the floor.
func (s *search) highest(o order, r reach, which stability, floor *entry) *entry {
	entries := s.view.entries
	end := len(o)
	if r != reachAll {
		end = sort.Search(len(o), func(i int) bool { return entries[o[i]].beyond(&s.entry, r) })
	}
	for end > 0 && compareEntries(&entries[o[end-1]], floor) > 0 {
		start := s.view.runStart(o, end)
		if s.takes(&entries[o[end-1]], which) {
			if e := s.pick(o[start:end]); e != nil {
				return e
			}
		}
		end = start
	}
	return nil
}

// beyond reports a version above all those that share the current one's
// numbers.
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

// pick decides among equal versions: the current tag itself, then one that is
// alike in its v, then the higher in natural order of the whole tag.
func (s *search) pick(equal order) *entry {
	var best *entry
	for _, at := range equal {
		e := &s.view.entries[at]
		if (best == nil || s.preferred(e, best)) && s.permits(s.view.tags[e.tag]) {
			best = e
		}
	}
	return best
}

func (s *search) preferred(e, best *entry) bool {
	tag, bestTag := s.view.tags[e.tag], s.view.tags[best.tag]
	switch {
	case tag == s.current || bestTag == s.current:
		return tag == s.current
	case s.isVersion && e.prefixed != best.prefixed:
		return e.prefixed == s.version.prefixed
	default:
		return compareTags(tag, bestTag) > 0
	}
}

// step names the difference between the current version and a higher one.
func (s *search) step(to *entry) Reason {
	switch {
	case to.sameRelease(&s.entry):
		return s.tailStep(to)
	case !to.stable() && (!to.channel() || to.suffix != s.entry.suffix):
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

// tailStep tells what differs where number and pre-release are the same.
func (s *search) tailStep(to *entry) Reason {
	if s.key.variant == oneVariant {
		if v, ok := parseVersion(s.view.texts[to.tag]); ok && v.variant != s.version.variant {
			return NewerVariant
		}
	}
	return NewerRevision
}
