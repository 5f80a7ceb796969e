package policy

import (
	"cmp"
	"math/bits"
	"strings"

	"github.com/blang/semver/v4"
)

// version is what a tag says: [v]N[.N[.N[.N]]][_N] with a suffix of pre-release,
// variant and revision behind a hyphen, or behind an underscore, which stands for SemVer's
// plus; or YYYY-MM-DD in place of three numbers. The tag itself
// is kept beside it, since no version is ever written back as text.
type version struct {
	major, minor, patch uint64
	parts               uint8 // one to three; a fourth is a revision
	dashed              bool  // YYYY-MM-DD
	prefixed            bool  // begins with v
	preNumbered         bool
	pre                 string // in lower case; empty for a release
	preNumber           uint64
	variant             string
	revision            revision
}

// parseVersion reads a version.
func parseVersion(text string) (v version, ok bool) {
	if !v.read(text) {
		return version{}, false
	}
	return v, true
}

// read reads a version into the zero value. Commit hashes need no rule of their
// own: with a letter among their digits they do not fit the grammar.
func (v *version) read(text string) (ok bool) {
	rest := text
	if rest != "" && rest[0] == 'v' {
		v.prefixed, rest = true, rest[1:]
	}
	if length := v.readDate(rest); length > 0 {
		rest = rest[length:]
	} else if rest, ok = v.readNumbers(rest); !ok {
		return false
	}
	if rest != "" && rest[0] != '-' {
		if rest, ok = v.readPlaces(rest); !ok {
			return false
		}
	}
	switch {
	case rest == "":
		return true
	case rest[0] == '_':
		return v.readBuild(rest[1:])
	default:
		return rest[0] == '-' && v.readSuffix(rest[1:])
	}
}

// readBuild reads what stands behind an underscore and is no number. No tag has a plus, so
// that 1.28.4+vmware.1 is tagged as 1.28.4_vmware.1. It is no variant that stands behind a
// hyphen.
func (v *version) readBuild(suffix string) bool {
	if suffix == "" || !isLetter(suffix[0]) || !v.readSuffix(suffix) {
		return false
	}
	if v.variant != "" {
		v.variant = "_" + v.variant
	}
	return true
}

// likelyVersion tells almost what parseVersion does, at a fraction of its cost.
func likelyVersion(text string) bool {
	text = strings.TrimPrefix(text, "v")
	digits := leadingDigits(text)
	return digits > 0 && (digits == len(text) || text[digits] == '.' || text[digits] == '-' || text[digits] == '_')
}

// readNumbers reads one to three numbers.
func (v *version) readNumbers(rest string) (string, bool) {
	for _, field := range [...]*uint64{&v.major, &v.minor, &v.patch} {
		digits := leadingDigits(rest)
		n, ok := parseNumber(rest[:digits])
		if !ok {
			return "", false
		}
		*field, rest = n, rest[digits:]
		v.parts++
		if v.parts == 3 || rest == "" || rest[0] != '.' {
			break
		}
		rest = rest[1:]
	}
	return rest, true
}

// readDate reads YYYY-MM-DD, which would be a version of one part with a
// variant, and would move once a year on the same day. It returns how long that is, and 0
// for none.
func (v *version) readDate(rest string) (length int) {
	date, length := dashedDate(rest)
	if length > 0 {
		v.major, v.minor, v.patch = date/10000, date/100%100, date%100
		v.parts, v.dashed = 3, true
	}
	return length
}

// readPlaces reads the revisions that stand among the numbers: a fourth part
// and _N.
func (v *version) readPlaces(rest string) (string, bool) {
	for _, place := range [...]struct {
		sign byte
		seen *bool
	}{{'.', &v.revision.form.fourth}, {'_', &v.revision.form.underscore}} {
		if rest == "" || rest[0] != place.sign || place.sign == '_' && len(rest) > 1 && isLetter(rest[1]) {
			continue
		}
		digits := leadingDigits(rest[1:])
		n, ok := parseNumber(rest[1 : 1+digits])
		if !ok {
			return "", false
		}
		v.revision.add(n)
		*place.seen, rest = true, rest[1+digits:]
	}
	return rest, true
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// safeDigits is how many digits always fit into 64 bits.
const safeDigits = 19

// parseNumber reads digits, with leading zeros; beyond 64 bits they are no number.
func parseNumber(digits string) (n uint64, ok bool) {
	if len(digits) <= safeDigits {
		for i := range len(digits) {
			n = 10*n + uint64(digits[i]-'0')
		}
		return n, digits != ""
	}
	for i := range len(digits) {
		high, low := bits.Mul64(n, 10)
		sum, carry := bits.Add64(low, uint64(digits[i]-'0'), 0)
		if high != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}

// bare reports a plain number, which is a version only beside another one.
func (v *version) bare() bool {
	return v.parts == 1 && !v.prefixed && v.pre == "" && v.variant == "" && v.revision.form == (form{})
}

func (v *version) stable() bool { return v.pre == "" }

// channel reports a pre-release without a number: a word like dev that names
// what a user follows, and not a step towards a release.
func (v *version) channel() bool { return v.pre != "" && !v.preNumbered }

// compareVersions orders by number, pre-release and revision. Parts, variant and
// the v do not count.
func compareVersions(a, b *version) int {
	if c := compareReleases(a, b); c != 0 {
		return c
	}
	return compareRevisions(&a.revision, &b.revision)
}

// compareReleases orders by number and pre-release.
func compareReleases(a, b *version) int {
	x, y := a.entry(), b.entry()
	x.tail, y.tail = 0, 0
	return compareEntries(&x, &y)
}

func compareNumbers(a, b *version) int {
	if a.major != b.major {
		return cmp.Compare(a.major, b.major)
	}
	if a.minor != b.minor {
		return cmp.Compare(a.minor, b.minor)
	}
	return cmp.Compare(a.patch, b.patch)
}

// identifiers returns the pre-release as blang compares it: name as text, then
// number as number, so that rc9 stays below rc10.
func (v *version) identifiers() []semver.PRVersion {
	if v.pre == "" {
		return nil
	}
	ids := []semver.PRVersion{{VersionStr: v.pre}}
	if v.preNumbered {
		ids = append(ids, semver.PRVersion{VersionNum: v.preNumber, IsNum: true})
	}
	return ids
}

func (v *version) semver(ids []semver.PRVersion) semver.Version {
	return semver.Version{Major: v.major, Minor: v.minor, Patch: v.patch, Pre: ids}
}
