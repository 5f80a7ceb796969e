package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolveExplains(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9", "shop:2.0.0")
	in := pods("minor HOST/shop:1.2.0", "never HOST/shop:1.2.0", "minor HOST/shop:latest")

	code, _, errOut := s.resolve(nil, in, "--explain")

	want := `standard input:2: Pod a: c: HOST/shop:1.2.0 -> HOST/shop:1.2.9 (policy minor: newer patch release)
    1.2.0  current tag
    2.0.0  other major version
standard input:7: Pod a: c: HOST/shop:1.2.0 (not governed)
standard input:12: Pod a: c: HOST/shop:latest (policy minor: not a version tag; use semver:, force or newest)
garboard: standard input:12: Pod a: c: stays at latest: not a version tag; use semver:, force or newest
`
	if diff := cmp.Diff(want, errOut); diff != "" || code != 0 {
		t.Errorf("code %d, (-want +got):\n%s", code, diff)
	}
}

// Without the answer of the resolver, the explanation is of a choice that was
// not made: it rejects tags in favour of one that is not there, or rejects the
// chosen one.
func TestResolveExplainsWhatWasNotChosen(t *testing.T) {
	s := newTagServer(t, "lack:1.2.9", "lack:1.3.0", "lack:2.0.0", "gone:1.0.0", "gone:1.0.1", "gone:1.0.2")
	s.gone.Store("/v2/gone/manifests/1.0.2")
	in := pods("minor HOST/lack:1.2.0") +
		strings.Replace(pods("patch HOST/gone:1.0.0"), "policy: patch", "policy: patch, garboard.dev/pin: digest", 1)

	code, out, errOut := s.resolve(nil, in, "--explain")

	want := `standard input:2: Pod a: c: HOST/lack:1.2.0 -> HOST/lack:1.3.0 (policy minor: newer minor release)
    1.2.9  lower than the chosen tag
    2.0.0  other major version
standard input:7: Pod a: c: HOST/gone:1.0.0 -> HOST/gone:1.0.1@sha256:… (policy patch: newer patch release)
    1.0.2  listed, but has no manifest
    1.0.0  current tag
garboard: standard input:2: Pod a: c: registry does not list the tag; resolved from the tags that it lists
garboard: standard input:7: Pod a: c: passed over 1.0.2: listed, but has no manifest
`
	digest := regexp.MustCompile("sha256:[0-9a-f]{64}")
	if diff := cmp.Diff(want, digest.ReplaceAllString(errOut, "sha256:…")); diff != "" || code != 0 || !strings.Contains(out, "gone:1.0.1@") {
		t.Errorf("code %d, output %q, (-want +got):\n%s", code, out, diff)
	}
}

// What is printed is what admission does at create: the manifest's own image, where
// the updater alone moves on.
func TestResolveLeavesWhatHasAGate(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.9")
	in := strings.Replace(pods("minor HOST/shop:1.2.0"), "policy: minor", "policy: minor, garboard.dev/minAge: 3d", 1) +
		strings.Replace(pods("minor HOST/shop:1.2.0"), "policy: minor", `policy: minor, garboard.dev/minAge: 3d, garboard.dev/window: "@daily for 1h"`, 1)

	code, out, errOut := s.resolve(nil, in, "--explain")

	want := `standard input:2: Pod a: c: HOST/shop:1.2.0 (as written: minAge lets only the updater's bump through)
standard input:7: Pod a: c: HOST/shop:1.2.0 (as written: minAge with window lets only the updater's bump through)
`
	if diff := cmp.Diff(want, errOut); diff != "" || code != 0 || strings.Contains(out, "1.2.9") {
		t.Errorf("code %d, output %q, (-want +got):\n%s", code, out, diff)
	}
}

// What the answer was judged by, the explanation is judged by: what a hold keeps from was
// said to be lower than the chosen tag, or not chosen.
func TestResolveExplainsByTheTermsOfTheAnswer(t *testing.T) {
	s := newTagServer(t, "shop:1.2.0", "shop:1.2.5", "shop:1.2.7", "shop:1.2.9", "shop:1.3.0")
	in := strings.Replace(pods("patch HOST/shop:1.2.0"), "policy: patch", `policy: patch, garboard.dev/hold: "c=1.2.9"`, 1) +
		strings.Replace(pods("minor HOST/shop:1.2.0"), "policy: minor", `policy: minor, garboard.dev/hold: "c=1.2.9"`, 1)

	code, _, errOut := s.resolve(nil, in, "--explain")

	want := `standard input:2: Pod a: c: HOST/shop:1.2.0 (policy patch: newer tags are held)
    1.2.9  held
    1.2.5  held
    1.2.7  held
    1.3.0  other minor version
standard input:7: Pod a: c: HOST/shop:1.2.0 -> HOST/shop:1.3.0 (policy minor: newer minor release)
    1.2.0  current tag
    1.2.5  held
    1.2.7  held
    1.2.9  held
garboard: standard input:2: Pod a: c: passed over 1.2.9: held
`
	if diff := cmp.Diff(want, errOut); diff != "" || code != 0 {
		t.Errorf("code %d, (-want +got):\n%s", code, diff)
	}
}
