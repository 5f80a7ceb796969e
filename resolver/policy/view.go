package policy

import (
	"sync"

	"github.com/blang/semver/v4"
)

// view is a list of tags with what stands for them in comparisons.
type view struct {
	tags     []string // in lexical order
	texts    []string // one a tag; the tags themselves where nothing is extracted
	variants variants // that count as one
	entries  []entry  // of the tags that are versions, in the order of the tags
	numbers  map[lineKey]uint32
	lines    []line
	tails    tails

	once  sync.Once
	known map[preRelease][]semver.PRVersion // what blang compares by
}

// order says which entries come one after another: by version, then by tag.
type order []uint32

type line struct {
	key           lineKey
	all, releases order
}

// newView needs a buffer of two keys for each text.
func newView(tags, texts []string, buffer []keyed, counted variants) *view {
	b := builder{view: &view{tags: tags, texts: texts, variants: counted, numbers: map[lineKey]uint32{}}}
	b.read()
	b.sort(buffer)
	b.split()
	return b.view
}

// setEntry makes an entry the version as this list orders it.
func (v *view) setEntry(e *entry, of *version) {
	of.setEntry(e)
	if !v.variants.simple(of) {
		t := v.variants.tail(of)
		e.tail = v.tails.place(&t)
	}
}

// line returns the tags that a container of this line may move among; nil where
// there are none.
func (v *view) line(key *lineKey) *line {
	if len(v.lines) <= fewLines {
		for i := range v.lines {
			if v.lines[i].key == *key {
				return &v.lines[i]
			}
		}
		return nil
	}
	if number, ok := v.numbers[*key]; ok {
		return &v.lines[number]
	}
	return nil
}

// fewLines is up to where comparing keys beats the map.
const fewLines = 6

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
