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
	verdicts, _ := p.ExplainUntil(nil, ix, current, p.Select(ix, current).Tag)
	return verdicts
}

// ExplainUntil is Explain for a choice in which more than the policy has a say. It
// returns false, and no verdicts, once ended is true, which it asks every few tags. A
// nil ended is never true.
func (p *Policy) ExplainUntil(ended func() bool, ix *Index, current, chosen string) (verdicts []Verdict, whole bool) {
	view, whole := ix.viewUntil(ended, p)
	if !whole {
		return nil, false
	}
	s := search{policy: p, view: view, current: current}
	s.read()
	for i, tag := range ix.Tags() {
		if i%matchedAtOnce == 0 && ended != nil && ended() {
			return nil, false
		}
		if tag == chosen {
			continue
		}
		reason := s.judge(tag)
		if reason == RejectNotHighest && p.tied(tag, chosen) {
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
	return verdicts, true
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
	return isA && isB && p.compareInLine(&versionA, &versionB) == 0
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
	if currentKey, matches := s.policy.pattern.key(s.text); matches && compareKeys(key, currentKey) <= 0 {
		return RejectNotHigher
	}
	return RejectNotHighest
}

// judgeVersion holds what level policies and semver: have in common: version,
// line and, where the answer must be higher, order.
func (s *search) judgeVersion(tag, text string, mustRise bool) (version, Reason) {
	v, ok := parseVersion(text)
	if !ok || v.bare() && (!s.isVersion || !s.version.bare()) {
		return v, RejectNotAVersion
	}
	if reason := s.judgeLine(&v); reason != "" {
		return v, reason
	}
	switch {
	case !mustRise:
	case tag == s.current:
		return v, RejectCurrent
	case s.policy.compareInLine(&v, &s.version) <= 0:
		return v, RejectNotHigher
	}
	return v, ""
}

// judgeLine tells a version of another line; without a current one, the plain
// lines of two and three parts are one.
func (s *search) judgeLine(v *version) Reason {
	mine, its := s.key, s.policy.variants.line(v)
	if !s.isVersion {
		mine.parts = max(its.parts, 2)
		if its.dates < dashedDates {
			mine.dates = its.dates
		}
	}
	switch {
	case its.dates != mine.dates:
		return RejectOtherDates
	case its.parts != mine.parts:
		return RejectOtherLine
	case its.variant != mine.variant:
		return RejectOtherVariant
	case its.form != mine.form:
		return RejectOtherRevision
	case s.leavesChannel(v):
		return RejectOtherChannel
	}
	return ""
}

// leavesChannel reports a version that does not keep to the channel of the
// current one. Into a channel, out of none, is a matter of pre-releases.
func (s *search) leavesChannel(v *version) bool {
	return s.isVersion && !s.anyPreRelease() && s.version.channel() &&
		(v.pre != s.version.pre || v.preNumbered)
}

func (s *search) judgeLevel(tag, text string) Reason {
	if !s.isVersion {
		return RejectNoOrder
	}
	v, reason := s.judgeVersion(tag, text, true)
	e := v.entry()
	kind := s.policy.kind
	switch {
	case reason != "":
		return reason
	case e.beyond(&s.entry, reachMajor) && (kind == kindMinor || kind == kindPatch):
		return RejectOtherMajor
	case e.beyond(&s.entry, reachMinor) && kind == kindPatch:
		return RejectOtherMinor
	case v.stable() || s.anyPreRelease() || s.version.channel():
	case s.version.stable() || v.channel() || compareNumbers(&v, &s.version) != 0:
		return RejectPreRelease
	}
	return RejectNotHighest
}

func (s *search) judgeRange(tag, text string) Reason {
	v, reason := s.judgeVersion(tag, text, s.isVersion && s.contained())
	e := v.entry()
	switch {
	case reason != "":
		return reason
	case !s.policy.span.contains(v):
		return RejectOutsideRange
	case v.stable() || s.policy.preReleases || s.names(&e):
	case s.isVersion && s.version.channel(), s.onItsWay() && !v.channel():
	default:
		return RejectPreRelease
	}
	return RejectNotHighest
}
