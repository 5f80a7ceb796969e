package policy

import (
	"strings"
	"testing"
)

func TestVersionOrder(t *testing.T) {
	ascending := []string{
		"0.0.9", "1.0.0-a", "1.0.0-a2", "1.0.0-alpha", "1.0.0-alpha0", "1.0.0-alpha.1", "1.0.0-b", "1.0.0-beta.2", "1.0.0-canary",
		"1.0.0-dev", "1.0.0-m1", "1.0.0-nightly", "1.0.0-pre", "1.0.0-preview1", "1.0.0-rc", "1.0.0-RC9", "1.0.0-rc.10",
		"1.0.0-snapshot", "1.0.0", "1.0.1-alpha", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
	}
	for i, low := range ascending {
		for j, high := range ascending {
			a, _ := parseVersion(low)
			b, _ := parseVersion(high)
			if got, want := compareVersions(&a, &b) < 0, i < j; got != want {
				t.Errorf("%q < %q is %v", low, high, got)
			}
			// blang decides in ranges: it must see the same order.
			if got, want := a.semver(a.identifiers()).LT(b.semver(b.identifiers())), i < j; got != want {
				t.Errorf("blang: %q < %q is %v", low, high, got)
			}
		}
	}
}

func TestValidTag(t *testing.T) {
	for tag, want := range map[string]bool{
		"latest": true, "_x": true, "1.2.3-rc_1": true, strings.Repeat("a", 128): true,
		"": false, ".a": false, "-a": false, "a+b": false, "a b": false, "a:b": false, "ä": false, strings.Repeat("a", 129): false,
	} {
		if got := ValidTag(tag); got != want {
			t.Errorf("ValidTag(%q) = %v, want %v", tag, got, want)
		}
	}
}
