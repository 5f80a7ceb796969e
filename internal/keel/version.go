package keel

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// version is a tag as Keel reads one: one to three numbers and a pre-release, by the
// rules of SemVer.
type version struct {
	numbers [3]int64
	pre     string
}

var versionForm = regexp.MustCompile(`^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$`)

func parseVersion(tag string) (v version, ok bool) {
	found := versionForm.FindStringSubmatch(tag)
	if found == nil {
		return version{}, false
	}
	for i := range v.numbers {
		if found[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(found[i+1], 10, 64)
		if err != nil {
			return version{}, false
		}
		v.numbers[i] = n
	}
	v.pre = found[4]
	return v, true
}

func (v version) compare(other version) int {
	for i := range v.numbers {
		if c := cmp.Compare(v.numbers[i], other.numbers[i]); c != 0 {
			return c
		}
	}
	switch {
	case v.pre == other.pre:
		return 0
	case v.pre == "":
		return 1
	case other.pre == "":
		return -1
	default:
		return comparePreReleases(v.pre, other.pre)
	}
}

// comparePreReleases is SemVer's: identifier by identifier, numbers below texts, and
// the one with more identifiers above.
func comparePreReleases(a, b string) int {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(left), len(right)) {
		if c := compareIdentifiers(left[i], right[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(left), len(right))
}

func compareIdentifiers(a, b string) int {
	m, aErr := strconv.ParseInt(a, 10, 64)
	n, bErr := strconv.ParseInt(b, 10, 64)
	switch {
	case aErr == nil && bErr == nil:
		return cmp.Compare(m, n)
	case aErr == nil:
		return -1
	case bErr == nil:
		return 1
	default:
		return cmp.Compare(a, b)
	}
}

// hasDot reports whether Keel would take a tag for a candidate.
func hasDot(tag string) bool { return strings.Contains(tag, ".") }

func preOf(tag string) string {
	v, _ := parseVersion(tag)
	return v.pre
}
