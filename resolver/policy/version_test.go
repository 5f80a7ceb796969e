package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rev is a revision in a suffix.
func rev(f suffixForm, numbers ...uint64) revision {
	r := revision{form: form{suffix: f}}
	if f == numberForm || f == hyphenedForm {
		r.form.numbers = uint8(len(numbers))
	}
	for _, n := range numbers {
		r.add(n)
	}
	return r
}

// nested is a revision with another form in front of it.
func nested(r revision, inner suffixForm, first bool) revision {
	r.form.inner, r.form.first = inner, first
	return r
}

func placed(r revision, fourth, underscore bool) revision {
	r.form.fourth, r.form.underscore = fourth, underscore
	return r
}

const (
	formR = namedForm + iota
	formRev
	formLS
	formBuild
	formBuildDot
	formK3s
	formRKE2
	formGKE
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
		"a variant keeps its case":            {"1-Slim", version{major: 1, parts: 1, variant: "Slim"}},
		"a commit as variant":                 {"1.2-d1b2c3d", version{major: 1, minor: 2, parts: 2, variant: "d1b2c3d"}},
		"pre-release without number":          {"1.2-rc", version{major: 1, minor: 2, parts: 2, pre: "rc"}},
		"number attached":                     {"1.2-rc10", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 10, preNumbered: true}},
		"number after a dot":                  {"1.2-rc.10", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 10, preNumbered: true}},
		"number after a hyphen":               {"1.2-rc-10", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 10, preNumbered: true}},
		"number with leading zero":            {"1.2-rc.01", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true}},
		"any case":                            {"1.2-SNAPSHOT", version{major: 1, minor: 2, parts: 2, pre: "snapshot"}},
		"single letters":                      {"1.2-M3", version{major: 1, minor: 2, parts: 2, pre: "m", preNumber: 3, preNumbered: true}},
		"a variant after a hyphen":            {"1.2-rc.1-alpine", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true, variant: "alpine"}},
		"a variant after a dot":               {"1.2-beta.alpine", version{major: 1, minor: 2, parts: 2, pre: "beta", variant: "alpine"}},
		"a channel and a variant":             {"1.27-dev-alpine", version{major: 1, minor: 27, parts: 2, pre: "dev", variant: "alpine"}},
		"a pre-release comes first or not":    {"1.2-alpine-rc1", version{major: 1, minor: 2, parts: 2, variant: "alpine-rc1"}},
		"a name that only begins like one":    {"1.2-release", version{major: 1, minor: 2, parts: 2, variant: "release"}},
		"a number that is not all digits":     {"1.2-rc.1a", version{major: 1, minor: 2, parts: 2, pre: "rc", variant: "1a"}},
		"an underscore in a suffix":           {"1.2-rc_1", version{major: 1, minor: 2, parts: 2, variant: "rc_1"}},
		"a separator with nothing behind it":  {"1.2-rc1-", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true, variant: "-"}},
		"a suffix that begins with a hyphen":  {"1.2--rc1", version{major: 1, minor: 2, parts: 2, variant: "-rc1"}},
		"digits only, as long as a hash":      {"20240105", version{major: 20240105, parts: 1}},
		"one part with a suffix is not bare":  {"15-alpine", version{major: 15, parts: 1, variant: "alpine"}},
		"dev with a date":                     {"1.2-dev.20240105", version{major: 1, minor: 2, parts: 2, pre: "dev", preNumber: 20240105, preNumbered: true}},
		"nothing between pre-release and end": {"1-a.", version{major: 1, parts: 1, pre: "a", variant: "."}},

		"a fourth part":                       {"1.2.3.4", version{major: 1, minor: 2, patch: 3, parts: 3, revision: placed(rev(noForm, 4), true, false)}},
		"a number behind an underscore":       {"17.0.3_7-jdk", version{major: 17, patch: 3, parts: 3, variant: "jdk", revision: placed(rev(noForm, 7), false, true)}},
		"an underscore behind two parts":      {"1.2_7", version{major: 1, minor: 2, parts: 2, revision: placed(rev(noForm, 7), false, true)}},
		"an underscore behind one part":       {"v8_7", version{major: 8, parts: 1, prefixed: true, revision: placed(rev(noForm, 7), false, true)}},
		"both, and one in the suffix":         {"1.2.3.4_5-r6", version{major: 1, minor: 2, patch: 3, parts: 3, revision: placed(rev(formR, 4, 5, 6), true, true)}},
		"a fourth part and a build":           {"4.0.11.2680-ls261", version{major: 4, patch: 11, parts: 3, revision: placed(rev(formLS, 2680, 261), true, false)}},
		"a number":                            {"8.6-990", version{major: 8, minor: 6, parts: 2, revision: rev(numberForm, 990)}},
		"a zero":                              {"1.2.3-0", version{major: 1, minor: 2, patch: 3, parts: 3, revision: rev(numberForm, 0)}},
		"dotted numbers":                      {"8.0.36-28.1", version{major: 8, patch: 36, parts: 3, revision: rev(numberForm, 28, 1)}},
		"a date":                              {"0.0.11-20260226", version{patch: 11, parts: 3, revision: rev(dateForm, 20260226)}},
		"a dotted date":                       {"1.2-2026.02.26", version{major: 1, minor: 2, parts: 2, revision: rev(numberForm, 2026, 2, 26)}},
		"a date with hyphens":                 {"1.2-2026-02-26", version{major: 1, minor: 2, parts: 2, revision: rev(dashedForm, 20260226)}},
		"eight digits that are no date":       {"1.2-20261301", version{major: 1, minor: 2, parts: 2, revision: rev(numberForm, 20261301)}},
		"r":                                   {"1.2.3-debian-12-r5", version{major: 1, minor: 2, patch: 3, parts: 3, variant: "debian-12", revision: rev(formR, 5)}},
		"rev":                                 {"1.2-rev3", version{major: 1, minor: 2, parts: 2, revision: rev(formRev, 3)}},
		"ls":                                  {"v1.0.20210914-ls22", version{major: 1, patch: 20210914, parts: 3, prefixed: true, revision: rev(formLS, 22)}},
		"build":                               {"1.2-alpine-build7", version{major: 1, minor: 2, parts: 2, variant: "alpine", revision: rev(formBuild, 7)}},
		"build with a dot":                    {"1.2-alpine-build.7", version{major: 1, minor: 2, parts: 2, variant: "alpine", revision: rev(formBuildDot, 7)}},
		"build with a dot alone":              {"1.2-build.7", version{major: 1, minor: 2, parts: 2, revision: rev(formBuildDot, 7)}},
		"k3s":                                 {"v1.29.5-rc1-k3s2", version{major: 1, minor: 29, patch: 5, parts: 3, prefixed: true, pre: "rc", preNumber: 1, preNumbered: true, revision: rev(formK3s, 2)}},
		"rke2":                                {"v1.29.5-rke2r1", version{major: 1, minor: 29, patch: 5, parts: 3, prefixed: true, revision: rev(formRKE2, 1)}},
		"gke":                                 {"1.31.2-gke.1384000", version{major: 1, minor: 31, patch: 2, parts: 3, revision: rev(formGKE, 1384000)}},
		"a date behind a variant":             {"1.2-bookworm-20260226", version{major: 1, minor: 2, parts: 2, variant: "bookworm", revision: rev(dateForm, 20260226)}},
		"a revision of a pre-release":         {"1.2-rc1.2", version{major: 1, minor: 2, parts: 2, pre: "rc", preNumber: 1, preNumbered: true, revision: rev(numberForm, 2)}},
		"a number in front of a variant":      {"0.9.3-2-alpine", version{minor: 9, patch: 3, parts: 3, variant: "2-alpine"}},
		"a number behind a variant":           {"1.2-debian-12", version{major: 1, minor: 2, parts: 2, variant: "debian-12"}},
		"a revision in front of a variant":    {"1.2-r5-alpine", version{major: 1, minor: 2, parts: 2, variant: "alpine", revision: nested(rev(noForm, 5), formR, true)}},
		"a date in front of a variant":        {"1.2-20260226-slim", version{major: 1, minor: 2, parts: 2, variant: "slim", revision: nested(rev(noForm, 20260226), dateForm, true)}},
		"a revision between two variants":     {"1.2-slim-r5-alpine", version{major: 1, minor: 2, parts: 2, variant: "slim-r5-alpine"}},
		"a revision with nothing behind it":   {"1.2-r5-", version{major: 1, minor: 2, parts: 2, variant: "r5-"}},
		"a revision and an empty piece":       {"1.2-r5--alpine", version{major: 1, minor: 2, parts: 2, variant: "r5--alpine"}},
		"one revision behind another":         {"1.2-r5-ls7", version{major: 1, minor: 2, parts: 2, revision: nested(rev(formLS, 5, 7), formR, false)}},
		"two behind a variant":                {"9.7_p1-r4-ls166", version{major: 9, minor: 7, parts: 2, variant: "_p1", revision: nested(rev(formLS, 4, 166), formR, false)}},
		"one on each side of a variant":       {"1.2-r5-slim-ls7", version{major: 1, minor: 2, parts: 2, variant: "slim", revision: nested(rev(formLS, 5, 7), formR, true)}},
		"a number in front of a revision":     {"1.2-3-ls7", version{major: 1, minor: 2, parts: 2, revision: nested(rev(formLS, 3, 7), numberForm, false)}},
		"the most numbers":                    {"1.2.3.4_5-r6-ls7", version{major: 1, minor: 2, patch: 3, parts: 3, revision: placed(nested(rev(formLS, 4, 5, 6, 7), formR, false), true, true)}},
		"a minute":                            {"1.2-202602261005", version{major: 1, minor: 2, parts: 2, revision: rev(minuteForm, 202602261005)}},
		"a second":                            {"1.2-main-20260226100559", version{major: 1, minor: 2, parts: 2, variant: "main", revision: rev(secondForm, 20260226100559)}},
		"fourteen digits that are no time":    {"1.2-20260226256099", version{major: 1, minor: 2, parts: 2, revision: rev(numberForm, 20260226256099)}},
		"a date and a time behind a variant":  {"1.2-main-20260226-100559", version{major: 1, minor: 2, parts: 2, variant: "main", revision: nested(rev(timeForm, 20260226, 100559), dateForm, false)}},
		"a date and an hour behind a variant": {"1.2-main-20260226.1005", version{major: 1, minor: 2, parts: 2, variant: "main", revision: nested(rev(shortTimeForm, 20260226, 1005), dateForm, false)}},
		"four digits behind a date":           {"1.2-main-20260226-2560", version{major: 1, minor: 2, parts: 2, variant: "main-20260226-2560"}},
		"a channel's time":                    {"1.2-nightly-20260226100559", version{major: 1, minor: 2, parts: 2, pre: "nightly", revision: rev(secondForm, 20260226100559)}},
		"a channel's date and time":           {"1.2-nightly-20260226-100559", version{major: 1, minor: 2, parts: 2, pre: "nightly", revision: rev(hyphenedForm, 20260226, 100559)}},
		"a channel's date and a variant":      {"1.2-nightly-20260226-slim", version{major: 1, minor: 2, parts: 2, pre: "nightly", variant: "slim", revision: nested(rev(noForm, 20260226), dateForm, true)}},
		"a channel's date with hyphens":       {"1.2-nightly-2026-02-26-slim", version{major: 1, minor: 2, parts: 2, pre: "nightly", variant: "2026-02-26-slim"}},
		"a name that only ends like a form":   {"1.2-debr5", version{major: 1, minor: 2, parts: 2, variant: "debr5"}},
		"a form in capitals":                  {"1.2-R5", version{major: 1, minor: 2, parts: 2, variant: "R5"}},
		"two numbers with a hyphen":           {"1.2-1-2", version{major: 1, minor: 2, parts: 2, revision: rev(hyphenedForm, 1, 2)}},
		"a number behind a word and a dot":    {"1.2-alpine.ce.0", version{major: 1, minor: 2, parts: 2, variant: "alpine.ce", revision: rev(dottedForm, 0)}},
		"a number behind a number and a dot":  {"1.2-ubuntu-22.4", version{major: 1, minor: 2, parts: 2, variant: "ubuntu-22.4"}},
		"a number behind a letter and a dot":  {"1.2-x.4", version{major: 1, minor: 2, parts: 2, variant: "x.4"}},
		"leading zeros at a word":             {"1.2-unstable0002", version{major: 1, minor: 2, parts: 2, variant: "unstable", revision: rev(paddedForm, 2)}},
		"leading zeros behind a variant":      {"1.2-redhat-00003", version{major: 1, minor: 2, parts: 2, variant: "redhat", revision: rev(paddedForm, 3)}},
		"leading zeros of a commit":           {"1.2-4-g0123456", version{major: 1, minor: 2, parts: 2, variant: "4-g0123456"}},
		"one leading zero":                    {"1.2-alpine03", version{major: 1, minor: 2, parts: 2, variant: "alpine03"}},
		"two kinds of separators":             {"1.2-1-2.3", version{major: 1, minor: 2, parts: 2, variant: "1-2.3"}},
		"more numbers than a revision has":    {"1.2-1.2.3.4.5", version{major: 1, minor: 2, parts: 2, variant: "1.2.3.4.5"}},
		"a revision behind an empty piece":    {"1.2--r1", version{major: 1, minor: 2, parts: 2, variant: "-r1"}},
		"a number too large inside a variant": {"1.2-cu99999999999999999999", version{major: 1, minor: 2, parts: 2, variant: "cu99999999999999999999"}},

		"an underscore for a plus":                {"v1.28.4_vmware.1", version{major: 1, minor: 28, patch: 4, parts: 3, prefixed: true, variant: "_vmware", revision: rev(dottedForm, 1)}},
		"an underscore for a plus, with a hyphen": {"1.2_abc-alpine", version{major: 1, minor: 2, parts: 2, variant: "_abc-alpine"}},
		"a pre-release behind an underscore":      {"1.2.3_rc1", version{major: 1, minor: 2, patch: 3, parts: 3, pre: "rc", preNumber: 1, preNumbered: true}},
		"an underscore behind a fourth part":      {"1.2.3.4_abc", version{major: 1, minor: 2, patch: 3, parts: 3, variant: "_abc", revision: placed(rev(noForm, 4), true, false)}},

		"a date as version":                  {"2025-08-05", version{major: 2025, minor: 8, patch: 5, parts: 3, dashed: true}},
		"a date as version, with a variant":  {"2025-08-05-alpine", version{major: 2025, minor: 8, patch: 5, parts: 3, dashed: true, variant: "alpine"}},
		"a date as version, with a build":    {"v2025-08-05.2", version{major: 2025, minor: 8, patch: 5, parts: 3, dashed: true, prefixed: true, revision: placed(rev(noForm, 2), true, false)}},
		"a date without leading zeros":       {"v2026-1-5", version{major: 2026, minor: 1, patch: 5, parts: 3, dashed: true, prefixed: true}},
		"a date and a time":                  {"2026-01-30-12-05-00", version{major: 2026, minor: 1, patch: 30, parts: 3, dashed: true, revision: rev(hyphenedForm, 12, 5, 0)}},
		"what only looks like one":           {"2025-13-05", version{major: 2025, parts: 1, revision: rev(hyphenedForm, 13, 5)}},
		"what goes on like a number":         {"2025-08-051", version{major: 2025, parts: 1, revision: rev(hyphenedForm, 8, 51)}},
		"a year with a month is a revision":  {"2025-08", version{major: 2025, parts: 1, revision: rev(numberForm, 8)}},
		"a cumulative update is a variant":   {"2022-CU9-ubuntu-22.04", version{major: 2022, parts: 1, variant: "CU9-ubuntu-22.04"}},
		"a version of two parts with a year": {"2022.1-0", version{major: 2022, minor: 1, parts: 2, revision: rev(numberForm, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := parseVersion(test.tag)
			if !ok {
				t.Fatalf("%q is no version", test.tag)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(version{}, revision{}, form{})); diff != "" {
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
		"five parts":                       "1.2.3.4.5",
		"a short commit hash":              "1234abc",
		"a commit hash":                    "0123456789abcdef0123456789abcdef01234567",
		"a hash with an exponent":          "12345e7",
		"two underscores":                  "1.2.3_1_2",
		"an underscore with nothing":       "1.2.3_",
		"an underscore with a part":        "1.2.3_7a",
		"an underscore and a hyphen":       "1.2.3_-a",
		"a dot behind an underscore":       "1.2_3.4",
		"an empty suffix":                  "1.2.3-",
		"an empty part":                    "1..2",
		"a trailing dot":                   "1.2.",
		"a trailing dot behind three":      "1.2.3.",
		"a leading dot":                    ".1.2",
		"a word as the fourth part":        "4.2.21.Final",
		"a wildcard":                       "1.x",
		"a sign":                           "+1.2",
		"a prefix":                         "release-1.2.3",
		"a number above 64 bits":           "18446744073709551616.0.0",
		"a fourth part above them":         "1.2.3.18446744073709551616",
		"a pre-release number above them":  "1.2.3-rc18446744073709551616",
		"the same as a token of its own":   "1.2.3-rc.18446744073709551616",
		"a revision above them":            "1.2-18446744073709551616",
		"a named revision above them":      "1.2-alpine-r18446744073709551616",
		"one in front of a variant":        "1.2-r18446744073709551616-alpine",
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
