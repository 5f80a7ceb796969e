// Package policy decides which tag a container may move to: current tag, tags
// and policy in, tag and reason out. It is pure: no registry, no Kubernetes, no
// clock. Everything that a policy says is compiled once by Parse, so that
// selecting cannot fail.
package policy

import (
	"slices"
)

// Policy is a compiled policy. It never changes and is safe for concurrent use.
type Policy struct {
	spec        Spec
	kind        kind
	preReleases bool // any pre-release is allowed
	span        *span
	pattern     *pattern
	filter      *filter
	exclude     []glob
	variants    variants
	counted     string // the variants as one text
}

// kind is the part of a policy's name in front of the colon.
type kind string

const (
	kindAll    kind = "all"
	kindMajor  kind = "major"
	kindMinor  kind = "minor"
	kindPatch  kind = "patch"
	kindSemver kind = "semver"
	kindGlob   kind = "glob"
	kindRegexp kind = "regexp"
	kindForce  kind = "force"
	kindNewest kind = "newest"
	kindNever  kind = "never"
)

// Name returns the policy's name as it was given, such as "minor" or
// "semver:>=1.2 <2".
func (p *Policy) Name() string { return p.spec.Name }

// Kind returns the name without range or pattern: "minor", "semver", "glob".
// There are few of them, so that it may label a metric.
func (p *Policy) Kind() string { return string(p.kind) }

// Never reports whether the policy moves nothing at all.
func (p *Policy) Never() bool { return p.kind == kindNever }

// Steps is how many steps the policy's regular expressions have together, the
// filter's and the policy's own: as many are taken, at most, for each letter of each
// tag.
func (p *Policy) Steps() int {
	n := 0
	if p.filter != nil {
		n += p.filter.steps
	}
	if p.pattern != nil {
		n += p.pattern.steps
	}
	return n
}

// PinsDigest reports whether a resolution carries a digest unless the workload asks for
// none: under policies whose tags may come to name another image.
func (p *Policy) PinsDigest() bool { return p.kind == kindForce || p.kind == kindNewest }

// FollowsSameTag reports whether a container stays at the current tag and follows the
// digest behind it: force with matchTag in effect.
func (p *Policy) FollowsSameTag(current string) bool {
	if p.kind != kindForce || !p.matchesTag(current) {
		return false
	}
	_, admitted := p.Admits(current)
	return admitted
}

// matchesTag reports whether force's matchTag is in effect: where nothing is
// said, for a tag that is no version.
func (p *Policy) matchesTag(current string) bool {
	if p.spec.MatchTag != nil {
		return *p.spec.MatchTag
	}
	if current == "" {
		return false
	}
	text, ok := p.baseText(current)
	if !ok {
		return true
	}
	_, isVersion := parseVersion(text)
	return !isVersion
}

// DemandsMove reports whether the policy is a range that the current tag lies
// outside of, be it lower, higher or no version.
func (p *Policy) DemandsMove(current string) bool {
	return p.kind == kindSemver && !p.inRange(current)
}

func (p *Policy) inRange(tag string) bool {
	text, ok := p.baseText(tag)
	if !ok {
		return false
	}
	v, ok := parseVersion(text)
	return ok && p.span.contains(v)
}

// Admits judges a tag by the policy's absolute rules alone, those that need no
// current tag: range, pattern, filter and exclude. The reason is empty where
// the tag is admitted. A tag that looks like a signature's is: never to choose
// it is a precaution, and no ground to refuse what a person names.
func (p *Policy) Admits(tag string) (Reason, bool) {
	if p.excluded(tag) {
		return RejectExcluded, false
	}
	text, ok := p.text(tag)
	if !ok {
		return RejectFiltered, false
	}
	switch p.kind {
	case kindSemver:
		v, isVersion := parseVersion(text)
		if !isVersion {
			return RejectNotAVersion, false
		}
		if !p.span.contains(v) {
			return RejectOutsideRange, false
		}
	case kindGlob, kindRegexp:
		if _, matches := p.pattern.key(text); !matches {
			return RejectNoMatch, false
		}
	}
	return "", true
}

// text returns what stands for the tag in every comparison: the extracted
// text, or the tag itself. It is false for a tag that the filter drops.
func (p *Policy) text(tag string) (string, bool) {
	if p.filter == nil {
		return tag, true
	}
	return p.filter.text(tag)
}

// baseText is text for a tag that is there already. A filter without template
// narrows what may be chosen; it does not take version and line from a tag that
// it would not choose.
func (p *Policy) baseText(tag string) (string, bool) {
	if p.filter == nil || p.filter.template == "" {
		return tag, true
	}
	return p.filter.text(tag)
}

func (p *Policy) excluded(tag string) bool {
	for i := range p.exclude {
		if p.exclude[i].match(tag) {
			return true
		}
	}
	return false
}

// Equal reports whether two policies are set alike, and so always give the
// same answer. Two nil policies are equal.
func (p *Policy) Equal(other *Policy) bool {
	if p == nil || other == nil {
		return p == other
	}
	return p.spec.Name == other.spec.Name &&
		equalBool(p.spec.MatchTag, other.spec.MatchTag) &&
		p.preReleases == other.preReleases &&
		p.spec.Filter == other.spec.Filter &&
		p.spec.Extract == other.spec.Extract &&
		slices.Equal(p.spec.Exclude, other.spec.Exclude) &&
		p.counted == other.counted
}

func equalBool(a, b *bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
