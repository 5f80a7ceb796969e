package policy

import (
	"sync"

	"github.com/blang/semver/v4"
)

// view is a list of tags with what stands for them in comparisons.
type view struct {
	tags    []string // in lexical order
	texts   []string // one a tag; the tags themselves where nothing is extracted
	entries []entry  // of the tags that are versions
	numbers map[lineKey]uint32
	lines   []line

	once  sync.Once
	known map[preRelease][]semver.PRVersion // what blang compares by
}

// lineKey names the tags that may follow one another. Bare numbers are in a
// line of their own beside the plain one, as only a bare number may move there.
type lineKey struct {
	variant string
	parts   uint8
	bare    bool
}

// order says which entries come one after another: by version, then by tag.
type order []uint32

type line struct{ all, releases order }

// newView needs a buffer of two keys for each text.
func newView(tags, texts []string, buffer []keyed) *view {
	b := builder{view: &view{tags: tags, texts: texts, numbers: map[lineKey]uint32{}}}
	b.read()
	b.sort(buffer)
	b.split()
	return b.view
}

// line returns the tags that a container at this version may move among.
func (v *view) line(current *version, preReleases bool) order {
	return v.order(lineKey{parts: current.parts, variant: current.variant, bare: current.bare()}, preReleases)
}

func (v *view) order(key lineKey, preReleases bool) order {
	number, ok := v.numbers[key]
	switch {
	case !ok:
		return nil
	case preReleases:
		return v.lines[number].all
	default:
		return v.lines[number].releases
	}
}

// runStart returns where the equal versions that end before end begin.
func (v *view) runStart(o order, end int) int {
	start, last := end-1, &v.entries[o[end-1]]
	for start > 0 && v.entries[o[start-1]].equal(last) {
		start--
	}
	return start
}

// semver returns the version for blang. What blang wants of pre-releases takes
// an allocation, and only semver: asks for it: all that the view has of it is
// made when first asked for, so that a selection allocates nothing.
func (v *view) semver(e *entry) semver.Version {
	out := semver.Version{Major: e.major, Minor: e.minor, Patch: e.patch}
	if !e.stable() {
		out.Pre = v.identifiers(e.preRelease())
	}
	return out
}

func (v *view) identifiers(p preRelease) []semver.PRVersion {
	v.once.Do(func() {
		v.known = map[preRelease][]semver.PRVersion{}
		for i := range v.entries {
			e := &v.entries[i]
			if _, ok := v.known[e.preRelease()]; !ok && !e.stable() {
				v.known[e.preRelease()] = e.preRelease().identifiers()
			}
		}
	})
	if ids, ok := v.known[p]; ok {
		return ids
	}
	return p.identifiers()
}
