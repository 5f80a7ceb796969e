package policy

import (
	"slices"
	"sync"
)

// Index holds the tags of one repository, parsed and sorted once. It never
// changes to the outside and is safe for concurrent use.
type Index struct {
	tags  []string // in lexical order
	plain *view    // of those that are images

	mu        sync.Mutex
	extracted []extractedView
}

// maxExtracted bounds the extracted views that an index keeps: filters come
// from manifests, and their writers must not fill our memory.
const maxExtracted = 4

type extractedView struct {
	filter, extract, variants string
	*view
}

// NewIndex parses, groups and sorts tags. Duplicates, and what does not fit the
// tag grammar, are dropped; the order of the input has no effect. The slice is
// not kept. Tags of signatures, attestations and SBOMs are in the index, but no
// policy chooses them.
func NewIndex(tags []string) *Index {
	buffer := make([]keyed, 2*len(tags))
	valid := slices.Compact(sortedTags(tags, buffer))
	images := valid
	if slices.ContainsFunc(valid, isAttachment) {
		images = slices.DeleteFunc(slices.Clone(valid), isAttachment)
	}
	return &Index{tags: valid, plain: newView(images, images, buffer, nil)}
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
	return ix.tags
}

// viewUntil returns the tags of images as the filter and the variants of the policy show
// them. It returns false if ended was true before the filter was through.
func (ix *Index) viewUntil(ended func() bool, p *Policy) (v *view, whole bool) {
	if ix == nil {
		return &view{variants: p.variants}, true
	}
	if p.filter == nil && len(p.variants) == 0 {
		return ix.plain, true
	}
	wanted := extractedView{filter: p.spec.Filter, extract: p.spec.Extract, variants: p.counted}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, known := range ix.extracted {
		if known.filter == wanted.filter && known.extract == wanted.extract && known.variants == wanted.variants {
			return known.view, true
		}
	}
	if wanted.view = p.filter.apply(ended, ix.plain.tags, p.variants); wanted.view == nil {
		return nil, false
	}
	if len(ix.extracted) == maxExtracted {
		ix.extracted = slices.Delete(ix.extracted, 0, 1)
	}
	ix.extracted = append(ix.extracted, wanted)
	return wanted.view, true
}
