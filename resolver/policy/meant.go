package policy

import "strings"

// meant is the policy that an unknown one was meant to be; empty where that is not known.
func (p *Policy) meant() string {
	text := strings.Trim(p.spec.Name, " \t\r\n\"'`")
	name, argument := text, ""
	if end := strings.IndexAny(text, ":= \t"); end >= 0 {
		name, argument = text[:end], strings.Trim(text[end:], ":= \t\"'`")
	}
	for _, known := range Names() {
		if argument == "" && near(strings.ToLower(name), known) {
			return known
		}
	}
	for _, known := range Patterns() {
		if near(strings.ToLower(name), known) {
			return known + ":" + argument
		}
	}
	if _, err := parseRange(text, p.preReleases); err == nil {
		return "semver:" + text
	}
	return ofOtherTools(strings.ToLower(text))
}

// ofOtherTools is the policy for what other tools call theirs: Argo CD Image Updater its
// strategies, and Flux its orders.
func ofOtherTools(name string) string {
	switch name {
	case "latest", "newest-build":
		return "newest"
	case "digest":
		return "force"
	case "name", "alphabetical", "numerical":
		return "glob:*"
	case "none", "off", "false", "no", "disabled", "ignore", "manual":
		return "never"
	default:
		return ""
	}
}

// near reports whether two words differ by one letter: changed, added, left
// out, or swapped with the next. internal/spelling does the same for other settings, and
// is not imported: this package is pure.
func near(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) <= 1 && len(b) <= 1 {
		return true
	}
	return len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}
