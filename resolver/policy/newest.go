package policy

import (
	"slices"
	"strings"
)

// ByDate reports whether the choice goes by build date, which no list of tags
// tells: newest, and force where matchTag is not in effect.
func (p *Policy) ByDate(current string) bool {
	return p.kind == kindNewest || p.kind == kindForce && !p.matchesTag(current)
}

// ByDigest reports whether a container at the current tag may move to another
// image of the same tag.
func (p *Policy) ByDigest(current string) bool { return p.Digest(current) || p.ByDate(current) }

// Candidates returns the tags that a policy which goes by date may choose,
// without the current one, in natural order with the highest first. Under
// force a version moves to higher versions alone.
func (p *Policy) Candidates(ix *Index, current string, allow func(tag string) bool) []string {
	s := search{policy: p, view: ix.view(p.filter), current: current, allow: allow}
	s.read()
	type candidate struct{ tag, text string }
	var found []candidate
	for i, tag := range s.view.tags {
		if tag != current && s.permits(tag) && s.judgeDated(s.view.texts[i]) == RejectNotLatest {
			found = append(found, candidate{tag, s.view.texts[i]})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		if c := compareNatural(b.text, a.text); c != 0 {
			return c
		}
		return strings.Compare(a.tag, b.tag)
	})
	tags := make([]string, len(found))
	for i := range found {
		tags[i] = found[i].tag
	}
	return tags
}

// judgeDated returns RejectNotLatest for a candidate: what may be said against
// it without its date.
func (s *search) judgeDated(text string) Reason {
	if s.policy.kind == kindForce && s.isVersion {
		if v, ok := parseVersion(text); ok && compareVersions(&v, &s.version) <= 0 {
			return RejectNotHigher
		}
	}
	return RejectNotLatest
}
