package policy

import (
	"cmp"
	"strings"
)

// maxNumbers is how many numbers a revision may have: three of a dotted date,
// and a fourth part. A suffix of more is a variant.
const maxNumbers = 4

// revision counts the builds of one version. Revisions follow one another only
// in the same form.
type revision struct {
	form    form
	count   uint8
	numbers [maxNumbers]uint64
}

// form is how a revision is written.
type form struct {
	fourth     bool // a fourth part: 1.2.3.4
	underscore bool // 1.2.3_4
	suffix     suffixForm
	dotted     uint8 // how many numbers a suffix of numbers has
}

// suffixForm is how the revision in a suffix is written.
type suffixForm uint8

// The forms of a revision in a suffix. The named ones are in the order of
// revisionNames.
const (
	noForm     suffixForm = iota
	numberForm            // -1, -27.1
	dateForm              // -20260226
	dashedForm            // -2026-02-26
	namedForm
)

// revisionNames stand in front of a revision's number, as the last piece of a
// suffix.
var revisionNames = [...]string{"r", "rev", "ls", "build", "build.", "k3s", "rke2r", "gke."}

func (r *revision) add(n uint64) {
	r.numbers[r.count] = n
	r.count++
}

// read takes the revision off the end of a suffix, and returns the variant that
// is left of it. It is false for a number that does not fit.
func (r *revision) read(suffix string) (variant string, ok bool) {
	if suffix == "" || !isDigit(suffix[len(suffix)-1]) {
		return suffix, true // every form ends in a digit
	}
	if isDigit(suffix[0]) {
		if whole, ok := r.readWhole(suffix); whole {
			return "", ok
		}
	}
	start := len(suffix)
	for start > 0 && isDigit(suffix[start-1]) {
		start--
	}
	digits := suffix[start:]
	for start > 0 && !isSeparator(suffix[start-1]) {
		start--
	}
	name := suffix[start : len(suffix)-len(digits)]
	if name == "" && start > 0 && suffix[start-1] == '.' {
		if before := lastPiece(suffix[:start-1]); before == "build" || before == "gke" {
			start -= 1 + len(before)
			name = suffix[start : len(suffix)-len(digits)]
		}
	}
	found := suffixFormOf(name, digits)
	if found == noForm || start == 1 { // nothing in front of a separator is no variant
		return suffix, true
	}
	n, ok := parseNumber(digits)
	if !ok {
		return "", false
	}
	r.form.suffix = found
	r.add(n)
	return suffix[:max(start-1, 0)], true
}

// readWhole reads a suffix that is nothing but a number, dotted numbers or a
// date.
func (r *revision) readWhole(suffix string) (whole, ok bool) {
	if n, isDate := dashedDate(suffix); isDate && len(suffix) == len(dateLayout) {
		r.form.suffix = dashedForm
		r.add(n)
		return true, true
	}
	dots := strings.Count(suffix, ".")
	if int(r.count)+dots >= maxNumbers || strings.Trim(suffix, "0123456789.") != "" || strings.Contains(suffix, "..") {
		return false, true
	}
	r.form.suffix, r.form.dotted = numberForm, uint8(dots+1) //nolint:gosec // fewer than maxNumbers
	for part := range strings.SplitSeq(suffix, ".") {
		n, ok := parseNumber(part)
		if !ok {
			return true, false
		}
		if dots == 0 && calendarDate(n) && len(part) == eightDigits {
			r.form.suffix, r.form.dotted = dateForm, 0
		}
		r.add(n)
	}
	return true, true
}

func lastPiece(s string) string {
	start := len(s)
	for start > 0 && !isSeparator(s[start-1]) {
		start--
	}
	return s[start:]
}

func suffixFormOf(name, digits string) suffixForm {
	if name == "" {
		if n, ok := parseNumber(digits); ok && len(digits) == eightDigits && calendarDate(n) {
			return dateForm
		}
		return noForm
	}
	for i, known := range revisionNames {
		if name == known {
			return namedForm + suffixForm(i)
		}
	}
	return noForm
}

// compareRevisions orders by the numbers, from the first on.
func compareRevisions(a, b *revision) int {
	for i := range a.numbers {
		if a.numbers[i] != b.numbers[i] {
			return cmp.Compare(a.numbers[i], b.numbers[i])
		}
	}
	return cmp.Compare(a.count, b.count)
}

const (
	eightDigits = 8
	dateLayout  = "2006-01-02"
)

// calendarDate reports a number that is a day of the 20th or 21st century,
// written as YYYYMMDD.
func calendarDate(n uint64) bool {
	month, day := n/100%100, n%100
	return n >= 19000000 && n < 21000000 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// dashedDate reads YYYY-MM-DD from the beginning of s, as YYYYMMDD.
func dashedDate(s string) (uint64, bool) {
	const length = len(dateLayout)
	if len(s) < length || s[4] != '-' || s[7] != '-' || len(s) > length && isDigit(s[length]) {
		return 0, false
	}
	var n uint64
	for i := range length {
		switch {
		case i == 4 || i == 7:
		case !isDigit(s[i]):
			return 0, false
		default:
			n = 10*n + uint64(s[i]-'0')
		}
	}
	return n, calendarDate(n)
}
