package policy

// matching selects for glob and regexp. Versions are ordered as such, all else
// naturally, and the highest of the one and of the other naturally again: three
// orders that are no single one, since 1.4.0 is above v1.3.0, v1.3.0 above main
// and main above 1.4.0. What is highest of all is so from wherever a container
// starts, so that it never goes round.
func (s *search) matching() (string, Reason) {
	var matches bool
	var start match
	if s.hasText {
		if key, ok := s.policy.pattern.key(s.text); ok {
			s.version, s.isVersion = parseVersion(key)
			start, matches = s.match(s.current, key), true
		}
	}
	best := s.best(start, matches)
	switch {
	case best.tag == "" || best.tag == s.current && matches:
		return "", s.unmatched(matches)
	case matches:
		return best.tag, NewerMatch
	default:
		return best.tag, IntoPattern
	}
}

func (s *search) unmatched(matches bool) Reason {
	switch {
	case !matches:
		return StayNoCandidate
	case s.policy.pattern.names(s.text):
		return StayExactPattern
	default:
		return StayNewest
	}
}

// match is a tag that matches, with what is compared of it.
type match struct {
	tag, key  string
	entry     entry
	isVersion bool
}

func (s *search) match(tag, key string) match {
	m := match{tag: tag, key: key}
	if v, ok := parseVersion(key); ok {
		m.entry, m.isVersion = v.entry(), true
	}
	return m
}

// matchedAtOnce is how many tags are matched between two looks at the time. One may
// take half a millisecond.
const matchedAtOnce = 64

// best is the highest match. Lists are long and matches are few, but a tag that
// is not higher than the best so far need not be matched at all.
func (s *search) best(start match, matches bool) match {
	var version, other match
	if matches && start.isVersion {
		version = start
	} else if matches {
		other = start
	}
	next := len(s.view.entries) - 1
	for i := len(s.view.tags) - 1; i >= 0; i-- {
		if s.cut = i%matchedAtOnce == 0 && s.ended != nil && s.ended(); s.cut {
			return match{}
		}
		m := match{tag: s.view.tags[i], key: s.view.texts[i]}
		for next >= 0 && int(s.view.entries[next].tag) > i {
			next--
		}
		if next >= 0 && int(s.view.entries[next].tag) == i {
			m.entry, m.isVersion = s.view.entries[next], true
		}
		s.offer(m, &version, &other)
	}
	switch {
	case other.tag == "" || version.tag != "" && compareNatural(version.key, other.key) > 0:
		return version
	case start.isVersion && compareNatural(other.key, start.key) <= 0:
		return version // main is above 1.4.0, but not above v1.3.0
	default:
		return other
	}
}

// offer takes a tag for the best of its kind if it is higher and matches.
func (s *search) offer(m match, version, other *match) {
	p := s.policy.pattern
	if p.whole() && !s.higher(&m, version, other) {
		return
	}
	key, ok := p.key(m.key)
	if !ok {
		return
	}
	if !p.whole() {
		if m = s.match(m.tag, key); !s.higher(&m, version, other) {
			return
		}
	}
	switch {
	case !s.permits(m.tag):
	case m.isVersion:
		*version = m
	default:
		*other = m
	}
}

func (s *search) higher(m, version, other *match) bool {
	if m.isVersion {
		return version.tag == "" || s.compareMatches(m, version) > 0
	}
	if other.tag == "" {
		return true
	}
	c := compareNatural(m.key, other.key)
	if c == 0 && other.tag != s.current {
		c = compareTags(m.tag, other.tag)
	}
	return c > 0
}

// compareMatches orders two matches that are versions. Of equal ones the current
// tag is first, then what is like it.
func (s *search) compareMatches(a, b *match) int {
	if c := compareEntryReleases(&a.entry, &b.entry); c != 0 {
		return c
	}
	x, _ := parseVersion(a.key)
	y, _ := parseVersion(b.key)
	return s.compareEqual(a, b, &x, &y)
}

// compareEqual orders matches of one release: what is of the current tag's
// variant and form of revision, then by variant and revision, then the current
// tag itself, one with the same v, and the higher in natural order.
func (s *search) compareEqual(a, b *match, x, y *version) int {
	if mine, its := s.like(x), s.like(y); mine != its {
		return sign(mine)
	}
	if c := compareTags(x.variant, y.variant); c != 0 {
		return c
	}
	if x.revision.form == y.revision.form {
		if c := compareRevisions(&x.revision, &y.revision); c != 0 {
			return c
		}
	}
	switch {
	case a.tag == s.current || b.tag == s.current:
		return sign(a.tag == s.current)
	case s.isVersion && x.prefixed != y.prefixed:
		return sign(x.prefixed == s.version.prefixed)
	default:
		return compareTags(a.tag, b.tag)
	}
}

// like reports a version of the current tag's variant and form of revision.
func (s *search) like(v *version) bool {
	return s.isVersion && v.variant == s.version.variant && v.revision.form == s.version.revision.form
}

func sign(first bool) int {
	if first {
		return 1
	}
	return -1
}
