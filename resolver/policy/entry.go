package policy

import (
	"cmp"
	"slices"

	"github.com/blang/semver/v4"
)

// entry is a version of an index: what its order needs, and its tag. A Pod
// keeps a million of them, so there is no pointer and no text in it.
type entry struct {
	major, minor, patch uint64
	preNumber           uint64
	tail                uint64 // the revision: its number, or its place among the tails of the view
	tag                 uint32 // among the tags of the view
	suffix              uint8  // the pre-release's rank, twice, and 1 more with a number
	prefixed            bool
}

// released is the suffix of what is no pre-release.
const released = uint8(2 * (len(preReleases) + 1))

// entry is the version without the tail that only a view knows.
func (v *version) entry() (e entry) {
	v.setEntry(&e)
	return e
}

// setEntry is entry without a copy.
func (v *version) setEntry(e *entry) {
	e.major, e.minor, e.patch, e.preNumber, e.prefixed = v.major, v.minor, v.patch, v.preNumber, v.prefixed
	if v.revision.count == 1 {
		e.tail = v.revision.numbers[0]
	}
	switch v.pre {
	case "":
		e.suffix = released
	case lowest: // rank 0
	default:
		e.suffix = uint8(2 * (slices.Index(preReleases[:], v.pre) + 1)) //nolint:gosec // there are twelve
	}
	if v.preNumbered {
		e.suffix++
	}
}

func (e *entry) stable() bool { return e.suffix == released }

// channel reports a pre-release without a number.
func (e *entry) channel() bool { return e.suffix != released && e.suffix%2 == 0 }

// compareEntries orders by number, pre-release and tail.
func compareEntries(a, b *entry) int {
	if c := compareEntryReleases(a, b); c != 0 {
		return c
	}
	return cmp.Compare(a.tail, b.tail)
}

// compareEntryReleases orders by number and pre-release.
func compareEntryReleases(a, b *entry) int {
	switch {
	case a.major != b.major:
		return cmp.Compare(a.major, b.major)
	case a.minor != b.minor:
		return cmp.Compare(a.minor, b.minor)
	case a.patch != b.patch:
		return cmp.Compare(a.patch, b.patch)
	case a.suffix != b.suffix:
		return cmp.Compare(a.suffix, b.suffix)
	default:
		return cmp.Compare(a.preNumber, b.preNumber)
	}
}

func (e *entry) equal(other *entry) bool {
	return e.sameRelease(other) && e.tail == other.tail
}

func (e *entry) sameRelease(other *entry) bool {
	return e.sameNumber(other) && e.suffix == other.suffix && e.preNumber == other.preNumber
}

func (e *entry) sameNumber(other *entry) bool {
	return e.patch == other.patch && e.minor == other.minor && e.major == other.major
}

// preRelease is what tells pre-releases of one number apart.
type preRelease struct {
	suffix uint8
	number uint64
}

func (e *entry) preRelease() preRelease { return preRelease{e.suffix, e.preNumber} }

// identifiers is version.identifiers.
func (p preRelease) identifiers() []semver.PRVersion {
	v := version{pre: lowest, preNumber: p.number, preNumbered: p.suffix%2 == 1}
	if rank := p.suffix / 2; rank > 0 {
		v.pre = preReleases[rank-1]
	}
	return v.identifiers()
}
