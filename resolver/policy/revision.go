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
	first      bool // inner stands in front of the variant: 1.2.3-r2-dev
	inner      suffixForm
	suffix     suffixForm
	numbers    uint8 // how many a suffix of numbers has
}

// suffixForm is how the revision in a suffix is written.
type suffixForm uint8

// The forms of a revision in a suffix. The named ones are in the order of
// revisionNames.
const (
	noForm        suffixForm = iota
	numberForm               // -1, -27.1
	hyphenedForm             // -12-30
	dateForm                 // -20260226
	minuteForm               // -202602261005
	secondForm               // -20260226100559
	shortTimeForm            // -main-20260226-1005, behind a date
	timeForm                 // -main-20260226-100559
	dashedForm               // -2026-02-26
	paddedForm               // -unstable0002, -redhat-00003
	dottedForm               // -ce.0
	namedForm
)

// revisionNames stand in front of a revision's number, as the last piece of a
// suffix.
var revisionNames = [...]string{"r", "rev", "ls", "build", "build.", "k3s", "rke2r", "gke."}

func (r *revision) add(n uint64) {
	r.numbers[r.count] = n
	r.count++
}

// read takes the revision off a suffix, and returns the variant that is left of it: the
// last piece, and one more in front of it (r0-ls352) or of the variant (r2-dev). It is false
// for a number that does not fit.
func (r *revision) read(suffix string) (variant string, ok bool) {
	if suffix == "" {
		return "", true
	}
	if isDigit(suffix[0]) && isDigit(suffix[len(suffix)-1]) {
		if whole, ok := r.readWhole(suffix); whole {
			return "", ok
		}
	}
	variant, last, digits := cutRevision(suffix)
	variant, inner, more := r.cutInner(variant, last)
	for _, piece := range [...]struct {
		form   suffixForm
		digits string
	}{{inner, more}, {last, digits}} {
		if piece.form == noForm {
			continue
		}
		n, ok := parseNumber(piece.digits)
		if !ok {
			return "", false
		}
		r.add(n)
	}
	r.form.inner, r.form.suffix = inner, last
	return variant, true
}

// cutInner takes a second piece off a suffix of which the last one is gone.
func (r *revision) cutInner(suffix string, last suffixForm) (variant string, found suffixForm, digits string) {
	if last.standsAlone() {
		if suffix != "" && leadingDigits(suffix) == len(suffix) {
			return "", numberForm, suffix
		}
		if variant, found, digits = cutRevision(suffix); found.standsAlone() {
			return variant, found, digits
		}
	}
	piece, rest, _ := strings.Cut(suffix, "-")
	name := strings.TrimRight(piece, "0123456789")
	digits = piece[len(name):]
	if rest == "" || isSeparator(rest[0]) || digits == "" {
		return suffix, noForm, ""
	}
	if found = suffixFormOf(name, digits); found == noForm {
		return suffix, noForm, ""
	}
	r.form.first = true
	return rest, found, digits
}

// standsAlone reports forms that are a revision wherever they stand: those with a name of
// their own, and dates.
func (f suffixForm) standsAlone() bool { return f >= namedForm || f.isMoment() }

func (f suffixForm) isMoment() bool { return f >= dateForm && f <= timeForm }

// cutRevision takes the last piece off a suffix, if that is a revision. Each ends in a digit.
func cutRevision(suffix string) (variant string, found suffixForm, digits string) {
	end := len(suffix)
	for end > 0 && isDigit(suffix[end-1]) {
		end--
	}
	if end == len(suffix) {
		return suffix, noForm, ""
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
		return suffix, noForm, ""
	}
	found, variant = suffixFormOf(name, digits), suffix[:max(start-1, 0)]
	switch {
	case found != noForm:
	case name == "" && isDate(lastPiece(variant)) && timeFormOf(digits) != noForm:
		found = timeFormOf(digits)
	case isPadded(digits) && name == "":
		found = paddedForm
	case isPadded(digits) && isWord(name):
		found, variant = paddedForm, suffix[:end]
	case isWord(word):
		found = dottedForm
	default:
		return suffix, noForm, ""
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
		if moment := momentForm(n, len(part)); more == 0 && moment != noForm {
			r.form.suffix, r.form.numbers = moment, 0
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
		n, _ := parseNumber(digits) // one that does not fit is no date
		return momentForm(n, len(digits))
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
