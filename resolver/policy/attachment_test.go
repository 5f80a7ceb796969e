package policy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hex64 = "7f2c5b1d4be6a9f7f0c6e2d0c8e4a3b5917c2d86e0f1a2b3c4d5e6f708192a3b"

// attachmentTag is the digest form as the tools describe it.
var attachmentTag = regexp.MustCompile(`^sha(256|384|512)-[0-9a-f]{32,}(\.[A-Za-z0-9]+)?$`)

func TestAttachments(t *testing.T) {
	for tag, want := range map[string]bool{
		"sha256-" + hex64:                  true, // the fallback of referrers
		"sha256-" + hex64 + ".sig":         true,
		"sha256-" + hex64 + ".att":         true,
		"sha256-" + hex64 + ".sbom":        true,
		"sha256-" + hex64 + ".src":         true,
		"sha384-" + hex64 + hex64[:32]:     true,
		"sha512-" + hex64 + ".x":           true,
		"sha256-" + hex64[:32]:             true,
		"1.2.3.sig":                        true,
		"1.2.3-alpine.sig":                 true,
		"latest.att":                       true,
		"v1.sbom":                          true,
		"1.2.3.cosign":                     true,
		"sha256-" + hex64[:31]:             false,
		"sha256-" + strings.ToUpper(hex64): false,
		"sha256-" + hex64 + "-amd64":       false,
		"sha256-" + hex64 + ".a.b":         false,
		"sha256-" + hex64 + ".":            false,
		"sha1-" + hex64:                    false,
		"sha-" + hex64:                     false,
		"sha256" + hex64:                   false,
		"sha-0123456":                      false,
		"1.2.3-sbom":                       false, // a variant
		"1.2.3-sig":                        false,
		"sig":                              false,
		"1.2.3.SIG":                        false,
		"1.2.3":                            false,
	} {
		if got := isAttachment(tag); got != want {
			t.Errorf("%s: got %t, want %t", tag, got, want)
		}
		if got := digestTag(tag); got != attachmentTag.MatchString(tag) {
			t.Errorf("%s: got %t as a digest's tag, and %t from the regexp", tag, got, !got)
		}
	}
}

func TestAttachmentsAreKnownAndNeverChosen(t *testing.T) {
	attached := []string{"9.0.0-alpine.sig", "9.0.0.sig", "sha256-" + hex64, "sha256-" + hex64 + ".att", "zzz.sbom"}
	ix := NewIndex(append([]string{"1.2.0", "1.2.0-alpine"}, attached...))
	if ix.Len() != 7 {
		t.Errorf("the index has %d tags, want 7", ix.Len())
	}
	for _, tag := range attached {
		if !ix.Has(tag) {
			t.Errorf("the index lacks %s", tag)
		}
	}
	yes := true
	for _, spec := range []Spec{
		{Name: "all"}, {Name: "major"}, {Name: "semver:*"}, {Name: "glob:*"}, {Name: "glob:*.sig"}, {Name: "regexp:."}, {Name: "regexp:^sha"},
		{Name: "major", Filter: `^(\d+\.\d+\.\d+)`, Extract: "$1"}, {Name: "glob:*", Filter: "."}, {Name: "force", MatchTag: &yes},
	} {
		p := parsed(t, spec)
		for _, current := range []string{"", "1.0.0", "1.0.0-alpine", "8.0.0-alpine.sig", "latest"} {
			if got := p.Select(ix, current); got.Tag != current && isAttachment(got.Tag) {
				t.Errorf("%+v from %q chose %q", spec, current, got.Tag)
			}
			for _, verdict := range p.Explain(ix, current) {
				if isAttachment(verdict.Tag) != (verdict.Reason == RejectNotAnImage) {
					t.Errorf("%+v from %q: %s is rejected as %s", spec, current, verdict.Tag, verdict.Reason)
				}
			}
		}
		for _, tag := range attached {
			if p.Moves("1.0.0", tag) {
				t.Errorf("%+v moves to %s", spec, tag)
			}
		}
	}
}

// Who runs such a tag keeps it, and may follow its digest.
func TestAnAttachmentThatRunsStays(t *testing.T) {
	ix := NewIndex([]string{"tool.sig"})
	for name, want := range map[string]Selection{
		"force":      {Tag: "tool.sig", Reason: SameTag},
		"glob:*":     {Tag: "tool.sig", Reason: StayNewest},
		"glob:other": {Tag: "tool.sig", Reason: StayNoCandidate},
	} {
		p := parsed(t, Spec{Name: name})
		if diff := cmp.Diff(want, p.Select(ix, "tool.sig")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
