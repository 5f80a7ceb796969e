package policy

// Compare orders two tags as the policy sees them, by their extracted texts
// where there is a filter: versions of one line under the level policies and
// semver:, matches under glob and regexp, by what decides their order. It is
// not ordered where there is no such order; a tag is always equal to itself.
func (p *Policy) Compare(a, b string) (c int, ordered bool) {
	if a == b {
		return 0, true
	}
	textA, okA := p.baseText(a)
	textB, okB := p.baseText(b)
	if !okA || !okB {
		return 0, false
	}
	switch p.kind {
	case kindGlob, kindRegexp:
		keyA, matchesA := p.pattern.key(textA)
		keyB, matchesB := p.pattern.key(textB)
		if !matchesA || !matchesB {
			return 0, false
		}
		return compareKeys(keyA, keyB), true
	case kindForce, kindNewest, kindNever:
		return 0, false
	}
	versionA, isA := parseVersion(textA)
	versionB, isB := parseVersion(textB)
	if !isA || !isB || !p.sameLine(&versionA, &versionB) {
		return 0, false
	}
	return p.compareInLine(&versionA, &versionB), true
}

// compareKeys orders two matches: versions as such, all else naturally. Where
// two versions differ in what is no order, in variant or form of revision, they
// are equal.
func compareKeys(a, b string) int {
	versionA, isA := parseVersion(a)
	versionB, isB := parseVersion(b)
	if !isA || !isB {
		return compareNatural(a, b)
	}
	if versionA.variant == versionB.variant && versionA.revision.form == versionB.revision.form {
		return compareVersions(&versionA, &versionB)
	}
	return compareReleases(&versionA, &versionB)
}

// sameLine reports versions that may follow one another. The channel counts
// where the policy keeps to it.
func (p *Policy) sameLine(a, b *version) bool {
	x, y := p.variants.line(a), p.variants.line(b)
	x.bare, y.bare = false, false
	if x != y {
		return false
	}
	if p.preReleases || p.kind == kindAll || !a.channel() && !b.channel() {
		return true
	}
	if p.span != nil && p.span.names && a.channel() != b.channel() {
		return true // by a range that names a channel there is a way into it
	}
	return a.pre == b.pre && a.preNumbered == b.preNumbered
}

// compareInLine orders two versions of one line.
func (p *Policy) compareInLine(a, b *version) int {
	if c := compareReleases(a, b); c != 0 {
		return c
	}
	return compareTails(p.variants.tail(a), p.variants.tail(b))
}

// MayHold reports whether to hold a tag can keep anything back where another one runs: it
// has a place in the policy's order beside that, or the policy goes by no order of tags. A
// tag of another variant, or of fewer parts, has none.
func (p *Policy) MayHold(running, held string) bool {
	switch p.kind {
	case kindForce, kindNewest, kindNever:
		return true
	}
	if _, ordered := p.Compare(running, held); ordered {
		return true
	}
	return !p.hasPlace(running) && p.hasPlace(held)
}

// hasPlace reports whether a tag is one that the policy's order is made for.
func (p *Policy) hasPlace(tag string) bool {
	text, ok := p.baseText(tag)
	if !ok {
		return false
	}
	if p.kind == kindGlob || p.kind == kindRegexp {
		_, ok = p.pattern.key(text)
		return ok
	}
	_, ok = parseVersion(text)
	return ok
}
