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
		return compareNatural(keyA, keyB), true
	case kindForce, kindNewest, kindNever:
		return 0, false
	}
	versionA, isA := parseVersion(textA)
	versionB, isB := parseVersion(textB)
	if !isA || !isB || versionA.parts != versionB.parts || versionA.variant != versionB.variant {
		return 0, false
	}
	return compareVersions(&versionA, &versionB), true
}
