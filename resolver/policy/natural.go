package policy

import (
	"cmp"
	"strings"
)

// CompareNatural orders tags by the numbers in them: build-9 is below build-10, and v1.9
// below 1.10.
func CompareNatural(a, b string) int { return compareNatural(withoutV(a), withoutV(b)) }

// withoutV cuts the v that some put before a version.
func withoutV(tag string) string {
	if rest, ok := strings.CutPrefix(tag, "v"); ok && leadingDigits(rest) > 0 {
		return rest
	}
	return tag
}

// compareNatural orders texts byte by byte, but runs of digits as numbers of
// any length: build-9 is below build-10. Leading zeros do not count, so that
// different texts may be equal.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		m, n := leadingDigits(a), leadingDigits(b)
		if m == 0 || n == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		if c := compareDigits(a[:m], b[:n]); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
	return cmp.Compare(len(a), len(b))
}

func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return cmp.Compare(len(a), len(b))
	}
	return strings.Compare(a, b)
}
