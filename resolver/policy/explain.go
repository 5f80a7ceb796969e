package policy

import (
	"slices"
	"strings"
)

// Verdict is what became of one tag that was not chosen.
type Verdict struct {
	Tag    string
	Reason Reason
}

// Explain says why each tag that was not chosen was rejected, in natural order.
// It judges every tag anew and is meant for people, not for admission.
func (p *Policy) Explain(ix *Index, current string) []Verdict {
	chosen := p.Select(ix, current)
	s := search{policy: p, view: ix.view(p.filter), current: current}
	s.read()
	var verdicts []Verdict
	for _, tag := range ix.Tags() {
		if tag == chosen.Tag {
			continue
		}
		reason := s.judge(tag)
		if reason == RejectNotHighest && p.tied(tag, chosen.Tag) {
			reason = RejectSameVersion
		}
		verdicts = append(verdicts, Verdict{Tag: tag, Reason: reason})
	}
	slices.SortStableFunc(verdicts, func(a, b Verdict) int {
		if c := compareNatural(a.Tag, b.Tag); c != 0 {
			return c
		}
		return strings.Compare(a.Tag, b.Tag)
	})
	return verdicts
}

// tied reports whether two candidates are equal but for the tie rule. Where
// there is no current tag, they may differ in their number of parts.
func (p *Policy) tied(a, b string) bool {
	if p.pattern != nil {
		c, ordered := p.Compare(a, b)
		return ordered && c == 0
	}
	textA, _ := p.text(a)
	textB, _ := p.text(b)
	versionA, isA := parseVersion(textA)
	versionB, isB := parseVersion(textB)
	return isA && isB && compareVersions(&versionA, &versionB) == 0
}

// judge returns the first rule that a tag does not pass; RejectNotHighest is a
// candidate.
func (s *search) judge(tag string) Reason {
	p := s.policy
	if p.kind == kindNever {
		return RejectNever
	}
	if isAttachment(tag) {
		return RejectNotAnImage
	}
	if p.excluded(tag) {
		return RejectExcluded
	}
	text, ok := p.text(tag)
	if !ok {
		return RejectFiltered
	}
	switch p.kind {
	case kindForce, kindNewest:
		if !p.ByDate(s.current) {
			return RejectOtherTag
		}
		if tag == s.current {
			return RejectCurrent
		}
		return s.judgeDated(text)
	case kindGlob, kindRegexp:
		return s.judgeMatch(tag, text)
	case kindSemver:
		return s.judgeRange(tag, text)
	default:
		return s.judgeLevel(tag, text)
	}
}

func (s *search) judgeMatch(tag, text string) Reason {
	key, ok := s.policy.pattern.key(text)
	switch {
	case !ok:
		return RejectNoMatch
	case tag == s.current:
		return RejectCurrent
	case !s.hasText:
		return RejectNotHighest
	}
	if currentKey, matches := s.policy.pattern.key(s.text); matches && compareNatural(key, currentKey) <= 0 {
		return RejectNotHigher
	}
	return RejectNotHighest
}

// judgeVersion holds what level policies and semver: have in common: version,
// line and, where the answer must be higher, order.
func (s *search) judgeVersion(tag, text string, mustRise bool) (version, Reason) {
	v, ok := parseVersion(text)
	switch {
	case !ok, v.bare() && (!s.isVersion || !s.version.bare()):
		return v, RejectNotAVersion
	case s.isVersion && v.parts != s.version.parts, !s.isVersion && v.parts == 1:
		return v, RejectOtherLine
	case v.variant != s.version.variant:
		return v, RejectOtherVariant
	case !mustRise:
	case tag == s.current:
		return v, RejectCurrent
	case compareVersions(&v, &s.version) <= 0:
		return v, RejectNotHigher
	}
	return v, ""
}

func (s *search) judgeLevel(tag, text string) Reason {
	if !s.isVersion {
		return RejectNoOrder
	}
	v, reason := s.judgeVersion(tag, text, true)
	kind := s.policy.kind
	switch {
	case reason != "":
		return reason
	case s.beyond(&v, reachMajor) && (kind == kindMinor || kind == kindPatch):
		return RejectOtherMajor
	case s.beyond(&v, reachMinor) && kind == kindPatch:
		return RejectOtherMinor
	case !v.stable() && kind != kindAll && !s.policy.preReleases &&
		(s.version.stable() || compareNumbers(&v, &s.version) != 0):
		return RejectPreRelease
	}
	return RejectNotHighest
}

func (s *search) judgeRange(tag, text string) Reason {
	v, reason := s.judgeVersion(tag, text, s.isVersion && s.contained())
	switch {
	case reason != "":
		return reason
	case !s.policy.span.contains(v):
		return RejectOutsideRange
	case !v.stable() && !s.policy.preReleases && (!s.isVersion || s.version.stable()):
		return RejectPreRelease
	}
	return RejectNotHighest
}
