package policy

import (
	"cmp"
	"slices"
)

// ByDate reports whether the choice goes by build date, which no list of tags
// tells: newest, and force where matchTag is not in effect.
func (p *Policy) ByDate(current string) bool {
	return p.kind == kindNewest || p.kind == kindForce && !p.matchesTag(current)
}

// MayReplaceSameTag reports whether a container at the current tag may move to another
// image of the same tag.
func (p *Policy) MayReplaceSameTag(current string) bool {
	return p.FollowsSameTag(current) || p.ByDate(current)
}

// Candidates returns the tags that a policy which goes by date may choose,
// without the current one, the first to look at first. From a version those are
// its line, then other versions, then the rest, each the highest first; from a
// tag that is no version they are in natural order. Under force a version moves to higher
// versions alone. A nil allow is true for every tag.
func (p *Policy) Candidates(ix *Index, current string, allow func(tag string) bool) []string {
	tags, _ := p.CandidatesUntil(nil, ix, current, allow)
	return tags
}

// CandidatesUntil is Candidates that returns false, and no tags, once ended is true.
// It asks that every few tags that the filter is matched with. A nil ended is never
// true.
func (p *Policy) CandidatesUntil(ended func() bool, ix *Index, current string, allow func(tag string) bool) (tags []string, whole bool) {
	view, whole := ix.viewUntil(ended, p)
	if !whole {
		return nil, false
	}
	s := search{policy: p, view: view, current: current, allow: allow}
	s.read()
	var found []dated
	for i, tag := range s.view.tags {
		if tag != current && s.permits(tag) && s.judgeDated(s.view.texts[i]) == RejectNotLatest {
			found = append(found, s.dated(tag, s.view.texts[i]))
		}
	}
	if s.isVersion {
		slices.SortFunc(found, preferDated)
	} else {
		slices.SortFunc(found, func(a, b dated) int {
			return cmp.Or(compareNatural(b.text, a.text), compareTags(b.tag, a.tag))
		})
	}
	return datedTags(found), true
}

// Prefer returns tags in the order in which they win where they were built at
// the same time: a version of the current tag's line, then another version, then
// the rest, each the highest first.
func (p *Policy) Prefer(tags []string, current string) []string {
	s := search{policy: p, view: &view{}, current: current}
	s.read()
	found := make([]dated, 0, len(tags))
	for _, tag := range tags {
		text, _ := p.text(tag)
		found = append(found, s.dated(tag, text))
	}
	slices.SortFunc(found, preferDated)
	return datedTags(found)
}

// dated is a candidate of a policy that goes by date.
type dated struct {
	tag, text string
	version   version
	place     int // 2 in the current tag's line, 1 another version, 0 the rest
}

func (s *search) dated(tag, text string) dated {
	d := dated{tag: tag, text: text}
	v, ok := parseVersion(text)
	switch {
	case !ok, v.bare() && (!s.isVersion || !s.version.bare()):
		return d
	case s.inCurrentLine(&v):
		d.place = 2
	default:
		d.place = 1
	}
	d.version = v
	return d
}

// inCurrentLine reports a version that may follow the current one: of its line
// and channel.
func (s *search) inCurrentLine(v *version) bool {
	if !s.isVersion {
		return false
	}
	mine, its := s.version.line(), v.line()
	mine.bare, its.bare = false, false
	if mine != its {
		return false
	}
	if s.version.channel() || v.channel() {
		return s.version.pre == v.pre && s.version.preNumbered == v.preNumbered
	}
	return v.stable() || !s.version.stable()
}

func preferDated(a, b dated) int {
	if a.place != b.place {
		return cmp.Compare(b.place, a.place)
	}
	if a.place > 0 {
		if c := compareVersions(&b.version, &a.version); c != 0 {
			return c
		}
	}
	return cmp.Or(compareNatural(b.text, a.text), compareTags(b.tag, a.tag))
}

func datedTags(found []dated) []string {
	tags := make([]string, len(found))
	for i := range found {
		tags[i] = found[i].tag
	}
	return tags
}

// judgeDated returns RejectNotLatest for a candidate: what may be said against
// it without its date.
func (s *search) judgeDated(text string) Reason {
	if s.policy.kind != kindForce || !s.isVersion {
		return RejectNotLatest
	}
	v, ok := parseVersion(text)
	switch {
	case !ok, v.bare() && !s.version.bare():
		return RejectNotAVersion
	case !s.rises(&v):
		return RejectNotHigher
	}
	return RejectNotLatest
}

// rises reports a version above the current one; its revision counts where it
// has the same form.
func (s *search) rises(v *version) bool {
	if c := compareReleases(v, &s.version); c != 0 {
		return c > 0
	}
	return v.revision.form == s.version.revision.form && compareRevisions(&v.revision, &s.version.revision) > 0
}
