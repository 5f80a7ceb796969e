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
	numbers    uint8 // how many a suffix of numbers has
}

// suffixForm is how the revision in a suffix is written.
type suffixForm uint8

// The forms of a revision in a suffix. The named ones are in the order of
// revisionNames.
const (
	noForm       suffixForm = iota
	numberForm              // -1, -27.1
	hyphenedForm            // -12-30
	dateForm                // -20260226
	dashedForm              // -2026-02-26
	paddedForm              // -unstable0002, -redhat-00003
	dottedForm              // -ce.0
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
	variant, found, digits := cutRevision(suffix)
	if found == noForm {
		return suffix, true
	}
	n, ok := parseNumber(digits)
	if !ok {
		return "", false
	}
	r.form.suffix = found
	r.add(n)
	return variant, true
}

// cutRevision takes the last piece off a suffix that ends in a digit, if that is a revision.
func cutRevision(suffix string) (variant string, found suffixForm, digits string) {
	end := len(suffix)
	for end > 0 && isDigit(suffix[end-1]) {
		end--
	}
	start := end
	for start > 0 && !isSeparator(suffix[start-1]) {
		start--
	}
	name, word := suffix[start:end], ""
	digits = suffix[end:]
	if name == "" && start > 0 && suffix[start-1] == '.' {
		if word = lastPiece(suffix[:start-1]); word == "build" || word == "gke" {
			start -= 1 + len(word)
			name = suffix[start:end]
		}
	}
	if start == 1 { // nothing in front of a separator is no variant
		return "", noForm, ""
	}
	found, variant = suffixFormOf(name, digits), suffix[:max(start-1, 0)]
	switch {
	case found != noForm:
	case isPadded(digits) && name == "":
		found = paddedForm
	case isPadded(digits) && isWord(name):
		found, variant = paddedForm, suffix[:end]
	case isWord(word):
		found = dottedForm
	}
	return variant, found, digits
}

// isPadded reports a number that is written with leading zeros, as counters are and choices
// are not. Commits are longer.
func isPadded(digits string) bool {
	return digits[0] == '0' && len(digits) >= 3 && len(digits) <= 6
}

// isWord reports two letters or more, and nothing else.
func isWord(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) {
			return false
		}
	}
	return len(s) > 1
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// readWhole reads a suffix that is nothing but a number, a date, or numbers with dots or
// hyphens between them.
func (r *revision) readWhole(suffix string) (whole, ok bool) {
	if n, length := dashedDate(suffix); length == len(suffix) {
		r.form.suffix = dashedForm
		r.add(n)
		return true, true
	}
	found, separator := numberForm, "."
	if strings.Contains(suffix, "-") {
		found, separator = hyphenedForm, "-"
	}
	more := strings.Count(suffix, separator)
	if int(r.count)+more >= maxNumbers || strings.Trim(suffix, "0123456789"+separator) != "" || strings.Contains(suffix, separator+separator) {
		return false, true
	}
	r.form.suffix, r.form.numbers = found, uint8(more+1) //nolint:gosec // fewer than maxNumbers
	for part := range strings.SplitSeq(suffix, separator) {
		n, ok := parseNumber(part)
		if !ok {
			return true, false
		}
		if more == 0 && calendarDate(n) && len(part) == eightDigits {
			r.form.suffix, r.form.numbers = dateForm, 0
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

const eightDigits = 8

// calendarDate reports a number that is a day of the 20th or 21st century,
// written as YYYYMMDD.
func calendarDate(n uint64) bool {
	month, day := n/100%100, n%100
	return n >= 19000000 && n < 21000000 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// dashedDate reads YYYY-MM-DD from the beginning of s, as YYYYMMDD, and how long it is; a
// length of 0 is none. Month and day may have one digit, too.
func dashedDate(s string) (date uint64, length int) {
	const year = 4
	if len(s) <= year || s[year] != '-' || leadingDigits(s) != year {
		return 0, 0
	}
	month := s[year+1:]
	digits := leadingDigits(month)
	if digits == 0 || digits > 2 || digits == len(month) || month[digits] != '-' {
		return 0, 0
	}
	day := month[digits+1:]
	month, digits = month[:digits], leadingDigits(day)
	if digits == 0 || digits > 2 {
		return 0, 0
	}
	y, _ := parseNumber(s[:year]) // digits, and few: these three never fail
	m, _ := parseNumber(month)
	d, _ := parseNumber(day[:digits])
	if date = y*10000 + m*100 + d; !calendarDate(date) {
		return 0, 0
	}
	return date, len(s) - len(day) + digits
}
