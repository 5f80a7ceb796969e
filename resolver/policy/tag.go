package policy

import (
	"cmp"
	"math/bits"
	"strings"

	"github.com/blang/semver/v4"
)

// maxTag is the length of the longest tag that the OCI distribution
// specification allows.
const maxTag = 128

// ValidTag reports whether the text is a tag by the grammar of the OCI
// distribution specification.
func ValidTag(tag string) bool {
	if tag == "" || len(tag) > maxTag || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	return tagCharacters(tag)
}

// The characters of a tag as bits: one word for those below 64, one above.
const (
	lowTagCharacters  = (1<<10-1)<<'0' | 1<<'-' | 1<<'.'
	highTagCharacters = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) | 1<<('_'-64)
)

func tagCharacters(s string) bool {
	for i := range len(s) {
		c := s[i]
		set := uint64(lowTagCharacters)
		if c >= 64 {
			set = highTagCharacters
		}
		if c >= 128 || set>>(c&63)&1 == 0 {
			return false
		}
	}
	return true
}

// preReleases are the names that make the beginning of a suffix a pre-release,
// in their order. A suffix that begins with anything else is a variant.
var preReleases = [...]string{
	"a", "alpha", "b", "beta", "canary", "dev", "m", "nightly", "pre", "preview", "rc", "snapshot",
}

// version is what a tag says: [v]N[.N[.N]][-pre-release][-variant]. The tag
// itself is kept beside it, since no version is ever written back as text.
type version struct {
	major, minor, patch uint64
	parts               uint8
	prefixed            bool   // begins with v
	pre                 string // in lower case; empty for a release
	preNumber           uint64
	preNumbered         bool
	variant             string
}

// parseVersion reads a version. Commit hashes need no rule of their own: with a
// letter among their digits they do not fit the grammar.
func parseVersion(text string) (version, bool) {
	var v version
	rest, prefixed := strings.CutPrefix(text, "v")
	v.prefixed = prefixed
	for _, field := range [...]*uint64{&v.major, &v.minor, &v.patch} {
		digits := leadingDigits(rest)
		n, ok := number(rest[:digits])
		if !ok {
			return version{}, false
		}
		*field, rest = n, rest[digits:]
		v.parts++
		if v.parts == 3 || !strings.HasPrefix(rest, ".") {
			break
		}
		rest = rest[1:]
	}
	if rest == "" {
		return v, true
	}
	if rest[0] != '-' || !v.readSuffix(rest[1:]) {
		return version{}, false
	}
	return v, true
}

// likelyVersion tells almost what parseVersion does, at a fraction of its cost.
func likelyVersion(text string) bool {
	text = strings.TrimPrefix(text, "v")
	digits := leadingDigits(text)
	return digits > 0 && (digits == len(text) || text[digits] == '.' || text[digits] == '-')
}

// readSuffix splits the suffix into pre-release and variant.
func (v *version) readSuffix(suffix string) bool {
	if suffix == "" || !tagCharacters(suffix) {
		return false
	}
	token, rest := cutToken(suffix)
	name := token
	for name != "" && isDigit(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	if v.pre = preReleaseName(name); v.pre == "" {
		v.variant = suffix
		return true
	}
	digits := token[len(name):]
	if digits == "" && rest != "" {
		if next, after := cutToken(rest[1:]); next != "" && leadingDigits(next) == len(next) {
			digits, rest = next, after
		}
	}
	if digits != "" {
		n, ok := number(digits)
		if !ok {
			return false
		}
		v.preNumber, v.preNumbered = n, true
	}
	// A separator with nothing behind it stays, so that 1.2.3-rc1- does not
	// count as the plain line.
	v.variant = rest
	if len(rest) > 1 {
		v.variant = rest[1:]
	}
	return true
}

// cutToken returns the text up to the first - or ., and the rest from there.
func cutToken(s string) (token, rest string) {
	for i := range len(s) {
		if s[i] == '-' || s[i] == '.' {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func preReleaseName(s string) string {
	for _, name := range preReleases {
		if len(s) == len(name) && strings.EqualFold(s, name) {
			return name
		}
	}
	return ""
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

// number reads digits, with leading zeros; beyond 64 bits they are no number.
func number(digits string) (n uint64, ok bool) {
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
	return v.parts == 1 && !v.prefixed && v.pre == "" && v.variant == ""
}

func (v *version) stable() bool { return v.pre == "" }

// compareVersions orders by number and pre-release. Parts, variant and the v do
// not count.
func compareVersions(a, b *version) int {
	x, y := a.entry(), b.entry()
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
