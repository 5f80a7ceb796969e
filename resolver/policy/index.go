package policy

import (
	"slices"
	"strings"
	"sync"

	"github.com/blang/semver/v4"
)

// Index holds the tags of one repository, parsed and sorted once. It never
// changes to the outside and is safe for concurrent use.
type Index struct {
	plain view

	mu        sync.Mutex
	extracted []extractedView
}

// maxExtracted bounds the extracted views that an index keeps: filters come
// from manifests, and whoever may write those must not fill our memory.
const maxExtracted = 4

type extractedView struct {
	filter, extract string
	*view
}

// view is a list of tags with what stands for them in comparisons.
type view struct {
	tags  []string // in lexical order
	texts []string // one a tag; the tags themselves where nothing is extracted
	lines map[lineKey]*line
}

// lineKey names the tags that may follow one another. Bare numbers are in a
// line of their own beside the plain one, as only a bare number may move there.
type lineKey struct {
	parts   uint8
	variant string
	bare    bool
}

// line is sorted by version, then by tag.
type line struct {
	all      []*entry
	releases []*entry
}

type entry struct {
	version
	ids []semver.PRVersion
	tag string
}

// NewIndex parses, groups and sorts tags. Duplicates, and what does not fit the
// tag grammar, are dropped; the order of the input has no effect. The slice is
// not kept.
func NewIndex(tags []string) *Index {
	valid := make([]string, 0, len(tags))
	for _, tag := range tags {
		if ValidTag(tag) {
			valid = append(valid, tag)
		}
	}
	slices.Sort(valid)
	valid = slices.Compact(valid)
	return &Index{plain: newView(valid, valid)}
}

// Len returns the number of tags.
func (ix *Index) Len() int { return len(ix.Tags()) }

// Has reports whether the tag is in the index.
func (ix *Index) Has(tag string) bool {
	_, found := slices.BinarySearch(ix.Tags(), tag)
	return found
}

// Tags returns the tags in lexical order. The slice is the index's own and must
// not be changed. A nil index has none.
func (ix *Index) Tags() []string {
	if ix == nil {
		return nil
	}
	return ix.plain.tags
}

// view returns the tags as the filter shows them.
func (ix *Index) view(f *filter) *view {
	if ix == nil {
		return &view{}
	}
	if f == nil {
		return &ix.plain
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, known := range ix.extracted {
		if known.filter == f.pattern && known.extract == f.template {
			return known.view
		}
	}
	v := f.apply(ix.plain.tags)
	if len(ix.extracted) == maxExtracted {
		ix.extracted = slices.Delete(ix.extracted, 0, 1)
	}
	ix.extracted = append(ix.extracted, extractedView{f.pattern, f.template, &v})
	return &v
}

func newView(tags, texts []string) view {
	entries := make([]entry, 0, len(tags))
	for i, text := range texts {
		if v, ok := parseVersion(text); ok {
			entries = append(entries, entry{version: v, ids: v.identifiers(), tag: tags[i]})
		}
	}
	sorted := make([]*entry, len(entries))
	for i := range entries {
		sorted[i] = &entries[i]
	}
	slices.SortFunc(sorted, func(a, b *entry) int {
		if c := compareVersions(&a.version, &b.version); c != 0 {
			return c
		}
		return strings.Compare(a.tag, b.tag)
	})
	v := view{tags: tags, texts: texts, lines: map[lineKey]*line{}}
	for _, e := range sorted {
		if !e.bare() {
			v.add(lineKey{parts: e.parts, variant: e.variant}, e)
		}
		if e.parts == 1 && e.variant == "" {
			v.add(lineKey{parts: 1, bare: true}, e)
		}
	}
	return v
}

func (v *view) add(key lineKey, e *entry) {
	l := v.lines[key]
	if l == nil {
		l = &line{}
		v.lines[key] = l
	}
	l.all = append(l.all, e)
	if e.stable() {
		l.releases = append(l.releases, e)
	}
}

// line returns the tags that a container at this version may move among; nil
// if there are none.
func (v *view) line(current *version) *line {
	return v.lines[lineKey{parts: current.parts, variant: current.variant, bare: current.bare()}]
}

func (l *line) entries(preReleases bool) []*entry {
	switch {
	case l == nil:
		return nil
	case preReleases:
		return l.all
	default:
		return l.releases
	}
}
