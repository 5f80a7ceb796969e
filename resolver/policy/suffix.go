package policy

import "strings"

// preReleases are the names that make the beginning of a suffix a pre-release,
// in their order. A suffix that begins with anything else is a variant or a
// revision.
var preReleases = [...]string{
	"a", "alpha", "b", "beta", "canary", "dev", "m", "nightly", "pre", "preview", "rc", "snapshot",
}

// readSuffix splits the suffix into pre-release, variant and revision.
func (v *version) readSuffix(suffix string) bool {
	if suffix == "" || !tagCharacters(suffix) {
		return false
	}
	rest, ok := v.readPreRelease(suffix)
	if !ok {
		return false
	}
	variant, ok := v.revision.read(rest)
	v.variant = variant
	return ok
}

// readPreRelease returns what follows the pre-release, without its separator.
func (v *version) readPreRelease(suffix string) (rest string, ok bool) {
	token, rest := cutToken(suffix)
	name := token
	for name != "" && isDigit(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	if v.pre = preReleaseName(name); v.pre == "" {
		return suffix, true
	}
	digits := token[len(name):]
	// Behind a hyphen, a date is the revision of a channel (nightly-20260226).
	if digits == "" && rest != "" && (rest[0] != '-' || !beginsWithDate(rest[1:])) {
		if next, after := cutToken(rest[1:]); next != "" && leadingDigits(next) == len(next) {
			digits, rest = next, after
		}
	}
	if digits != "" {
		n, ok := parseNumber(digits)
		if !ok {
			return "", false
		}
		v.preNumber, v.preNumbered = n, true
	}
	// A separator with nothing behind it stays, so that 1.2.3-rc1- does not
	// count as the plain line.
	if len(rest) > 1 {
		rest = rest[1:]
	}
	return rest, true
}

// beginsWithDate reports a suffix of which the first piece is a date, with a time or
// without: 20260226, 2026-02-26.
func beginsWithDate(s string) bool {
	if _, length := dashedDate(s); length > 0 {
		return length == len(s) || isSeparator(s[length])
	}
	token, _ := cutToken(s)
	return leadingDigits(token) == len(token) && suffixFormOf("", token) != noForm
}

// cutToken returns the text up to the first - or ., and the rest from there.
func cutToken(s string) (token, rest string) {
	for i := range len(s) {
		if isSeparator(s[i]) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isSeparator(c byte) bool { return c == '-' || c == '.' }

func preReleaseName(s string) string {
	for _, name := range preReleases {
		if len(s) == len(name) && strings.EqualFold(s, name) {
			return name
		}
	}
	return ""
}
