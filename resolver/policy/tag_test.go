package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseVersion(t *testing.T) {
	for name, test := range map[string]struct {
		tag  string
		want version
	}{
		"three parts":                         {"1.2.3", version{major: 1, minor: 2, patch: 3, parts: 3}},
		"two parts":                           {"1.2", version{major: 1, minor: 2, parts: 2}},
		"one part":                            {"v1", version{major: 1, parts: 1, prefixed: true}},
		"leading zeros are numbers":           {"2024.01.05", version{major: 2024, minor: 1, patch: 5, parts: 3}},
		"largest number":                      {"18446744073709551615", version{major: 1<<64 - 1, parts: 1}},
		"a variant":                           {"1.2.3-alpine3.20", version{major: 1, minor: 2, patch: 3, parts: 3, variant: "alpine3.20"}},
		"a variant that is a number":          {"1.2-1", version{major: 1, minor: 2, parts: 2, variant: "1"}},
		"a variant keeps its case":            {"1-Slim", version{major: 1, parts: 1, variant: "Slim"}},
		"a number too large in a variant":     {"1.2-99999999999999999999", version{major: 1, minor: 2, parts: 2, variant: "99999999999999999999"}},
		"a commit as variant":                 {"1.2-a1b2c3d", version{major: 1, minor: 2, parts: 2, variant: "a1b2c3d"}},
		"pre-release without number":          {"1.2-rc", version{major: 1, minor: 2, parts: 2, pre: "rc"}},
		"number attached":                     {"1.2-rc10", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 10, preNumbered: true}},
		"number after a dot":                  {"1.2-rc.10", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 10, preNumbered: true}},
		"number after a hyphen":               {"1.2-rc-10", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 10, preNumbered: true}},
		"number with leading zero":            {"1.2-rc.01", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true}},
		"only one number":                     {"1.2-rc1.2", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true, variant: "2"}},
		"any case":                            {"1.2-SNAPSHOT", version{major: 1, minor: 2, parts: 2, pre: "snapshot"}},
		"single letters":                      {"1.2-M3", version{major: 1, minor: 2, parts: 2, pre: "m", preNumber: 3, preNumbered: true}},
		"a variant after a hyphen":            {"1.2-rc.1-alpine", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true, variant: "alpine"}},
		"a variant after a dot":               {"1.2-beta.alpine", version{major: 1, minor: 2, parts: 2, pre: "beta", variant: "alpine"}},
		"a pre-release comes first or not":    {"1.2-alpine-rc1", version{major: 1, minor: 2, parts: 2, variant: "alpine-rc1"}},
		"a name that only begins like one":    {"1.2-release", version{major: 1, minor: 2, parts: 2, variant: "release"}},
		"a number that is not all digits":     {"1.2-rc.1a", version{major: 1, minor: 2, parts: 2, pre: "rc", variant: "1a"}},
		"an underscore is no separator":       {"1.2-rc_1", version{major: 1, minor: 2, parts: 2, variant: "rc_1"}},
		"a separator with nothing behind it":  {"1.2-rc1-", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true, variant: "-"}},
		"a suffix that begins with a hyphen":  {"1.2--rc1", version{major: 1, minor: 2, parts: 2, variant: "-rc1"}},
		"digits only, as long as a hash":      {"20240105", version{major: 20240105, parts: 1}},
		"one part with a suffix is not bare":  {"15-alpine", version{major: 15, parts: 1, variant: "alpine"}},
		"dev with a date":                     {"1.2-dev.20240105", version{major: 1, minor: 2, parts: 2, pre: "dev", preNumber: 20240105, preNumbered: true}},
		"nothing between pre-release and end": {"1-a.", version{major: 1, parts: 1, pre: "a", variant: "."}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := parseVersion(test.tag)
			if !ok {
				t.Fatalf("%q is no version", test.tag)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(version{})); diff != "" {
				t.Errorf("%q: (-want +got)\n%s", test.tag, diff)
			}
		})
	}
}

func TestNoVersion(t *testing.T) {
	for name, tag := range map[string]string{
		"latest":                           "latest",
		"a branch":                         "main",
		"nothing":                          "",
		"v alone":                          "v",
		"capital V":                        "V1.2.3",
		"two v":                            "vv1",
		"four parts":                       "1.2.3.4",
		"four parts with a suffix":         "1.2.3.4-alpine",
		"a short commit hash":              "1234abc",
		"a commit hash":                    "0123456789abcdef0123456789abcdef01234567",
		"a hash with an exponent":          "12345e7",
		"an underscore":                    "1.2.3_1",
		"an empty suffix":                  "1.2.3-",
		"an empty part":                    "1..2",
		"a trailing dot":                   "1.2.",
		"a leading dot":                    ".1.2",
		"a wildcard":                       "1.x",
		"a sign":                           "+1.2",
		"a prefix":                         "release-1.2.3",
		"a number above 64 bits":           "18446744073709551616.0.0",
		"a pre-release number above them":  "1.2.3-rc18446744073709551616",
		"the same as a token of its own":   "1.2.3-rc.18446744073709551616",
		"build metadata of extracted text": "1.2.3+1",
		"a blank":                          "1.2.3 ",
		"digits that are not ASCII":        "1.٢",
		"a suffix outside the grammar":     "1.2.3-al pine",
	} {
		t.Run(name, func(t *testing.T) {
			if v, ok := parseVersion(tag); ok {
				t.Errorf("%q is read as %+v", tag, v)
			}
		})
	}
}

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
