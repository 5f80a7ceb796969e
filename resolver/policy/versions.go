package policy

import (
	"cmp"
	"slices"
)

// Versions returns the tags that are versions, the highest first; of equal ones
// the lexically smaller. A bare number is a version only where current is one,
// too.
func (ix *Index) Versions(current string) []string {
	beside, ok := parseVersion(current)
	bare := ok && beside.bare()
	type candidate struct {
		tag     string
		version version
	}
	var found []candidate
	for _, tag := range ix.Tags() {
		if v, ok := parseVersion(tag); ok && (bare || !v.bare()) {
			found = append(found, candidate{tag, v})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(compareVersions(&b.version, &a.version), cmp.Compare(a.tag, b.tag))
	})
	tags := make([]string, len(found))
	for i := range found {
		tags[i] = found[i].tag
	}
	return tags
}

// Natural returns all tags in natural order: build-9 before build-10.
func (ix *Index) Natural() []string {
	tags := slices.Clone(ix.Tags())
	slices.SortFunc(tags, func(a, b string) int { return cmp.Or(compareNatural(a, b), cmp.Compare(a, b)) })
	return tags
}
