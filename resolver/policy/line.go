package policy

import (
	"cmp"
	"slices"
	"strings"
)

// lineKey names the tags that may follow one another; a channel is told apart
// within a line, since not every policy keeps to it. Bare numbers are in a line
// of their own beside the plain one, as only a bare number may move there.
type lineKey struct {
	variant string
	parts   uint8
	dates   dates
	form    form
	bare    bool
}

// dates says which kind of date a version begins with, if it does: counters and dates
// have no order.
type dates uint8

const (
	noDate      dates = iota
	dayDates          // 20260226, 20260226.1
	minuteDates       // 202602261005
	secondDates       // 20260226100559
	dashedDates
)

// datesOf is the kind of date that a number is.
func datesOf(n uint64) dates {
	const eight, twelve, fourteen, earliest = 8, 12, 14, 19000101
	switch {
	case n < earliest:
		return noDate
	case momentForm(n, eight) != noForm:
		return dayDates
	case momentForm(n, twelve) != noForm:
		return minuteDates
	case momentForm(n, fourteen) != noForm:
		return secondDates
	default:
		return noDate
	}
}

// oneVariant is the variant of a line that the setting variant makes out of
// several. No tag holds it.
const oneVariant = "*"

func (v *version) line() (key lineKey) {
	v.setLine(&key)
	return key
}

// setLine is line without a copy.
func (v *version) setLine(key *lineKey) {
	key.variant, key.parts, key.form = v.variant, v.parts, v.revision.form
	key.bare = v.parts == 1 && v.bare()
	if key.dates = dashedDates; !v.dashed {
		key.dates = datesOf(v.major)
	}
}

// plainNumber reports the line of one number that has bare numbers in it, too.
func (k *lineKey) plainNumber() bool {
	return k.parts == 1 && k.variant == "" && k.form == (form{})
}

// variants are globs of variants that count as one.
type variants []glob

// match reports whether the variant is one of them. No variant is none.
func (vs variants) match(variant string) bool {
	if variant == "" {
		return false
	}
	for _, g := range vs {
		if g.match(variant) {
			return true
		}
	}
	return false
}

// line is version.line with the variants that count as one.
func (vs variants) line(v *version) (key lineKey) {
	vs.setLine(&key, v)
	return key
}

func (vs variants) setLine(key *lineKey, v *version) {
	v.setLine(key)
	if len(vs) > 0 && vs.match(v.variant) {
		key.variant = oneVariant
	}
}

// tail orders what is the same version and pre-release: by the variant, where
// several count as one, then by the revision.
type tail struct {
	variant  string // empty where the variant does not count
	revision revision
}

func (vs variants) tail(v *version) tail {
	t := tail{revision: v.revision}
	if len(vs) > 0 && vs.match(v.variant) {
		t.variant = v.variant
	}
	return t
}

// simple reports a version whose tail is no more than one number.
func (vs variants) simple(v *version) bool {
	return v.revision.count <= 1 && (len(vs) == 0 || !vs.match(v.variant))
}

func compareTails(a, b tail) int {
	if c := compareNatural(a.variant, b.variant); c != 0 {
		return c
	}
	return compareRevisions(&a.revision, &b.revision)
}

// tails numbers the tails of a list in their order. A number stays free below
// each, for a current tag that the list lacks.
type tails []tail

func newTails(of []tail) tails {
	sorted := slices.Clone(of)
	slices.SortFunc(sorted, compareTails)
	return slices.CompactFunc(sorted, func(a, b tail) bool { return compareTails(a, b) == 0 })
}

func (ts tails) place(t *tail) uint64 {
	at, found := slices.BinarySearchFunc(ts, *t, compareTails)
	place := 2*uint64(at) + 1 //nolint:gosec // an index
	if found {
		place++
	}
	return place
}

// compareTags orders tags naturally, and by their bytes where that makes no
// difference.
func compareTags(a, b string) int {
	return cmp.Or(compareNatural(a, b), strings.Compare(a, b))
}
