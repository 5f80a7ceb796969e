package e2e

import (
	"strings"
	"testing"
)

func TestBadSettingsAreRefused(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	for name, test := range map[string]struct{ annotation, path, says string }{
		"an unknown policy": {
			"garboard.dev/policy: mayor", "metadata.annotations[garboard.dev/policy]", "major",
		},
		"a bad range": {
			`garboard.dev/policy: "semver:>=banana"`, "metadata.annotations[garboard.dev/policy]", "banana",
		},
		"a bad regular expression": {
			`garboard.dev/policy: "regexp:(["`, "metadata.annotations[garboard.dev/policy]", "",
		},
		"a bad schedule": {
			`garboard.dev/pollSchedule: "now and then"`, "metadata.annotations[garboard.dev/pollSchedule]", "@every",
		},
		"an unknown key": {
			`garboard.dev/polcy: minor`, "metadata.annotations[garboard.dev/polcy]", "policy",
		},
		"a setting that is not built yet": {
			`garboard.dev/order: desc`, "metadata.annotations[garboard.dev/order]", "not supported",
		},
		"a policy with an argument that it takes none of": {
			`garboard.dev/policy: "newest:glob:*"`, "metadata.annotations[garboard.dev/policy]", "newest takes no argument",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := s.kubectl(s.manifest("bad", "1.2.0", test.annotation), "create", "-f", "-")
			if err == nil {
				t.Fatal("it was admitted")
			}
			if !strings.Contains(err.Error(), test.path) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("kubectl said %v, want %q and %q", err, test.path, test.says)
			}
			// Keel's spelling of the same is a warning, and not governed.
			_, warned := s.must(s.manifest("keel", "1.2.0", strings.Replace(test.annotation, "garboard.dev", "keel.sh", 1)),
				"create", "--dry-run=server", "-f", "-")
			if path := strings.Replace(test.path, "garboard.dev", "keel.sh", 1); !strings.Contains(warned, path) {
				t.Errorf("kubectl warned %q, want %q", warned, path)
			}
		})
	}
}

// A fault that is stored already must not stop a label; the same one newly
// written is refused.
func TestOldFaultsDoNotBlock(t *testing.T) {
	s := makeSpace(t, nil)
	s.must(s.manifest("old", "1.2.0", "garboard.dev/policy: mayor"), "create", "-f", "-")
	s.must("", "label", "namespace", s.name, "garboard.dev/enabled=true")
	s.awaitOptIn()
	_, warned := s.must("", "label", "deployment/old", "touched=yes")
	if !strings.Contains(warned, "mayor") {
		t.Errorf("kubectl said %q", warned)
	}
	if _, _, err := s.kubectl("", "annotate", "deployment/old", "garboard.dev/pin=maybe"); err == nil {
		t.Error("a new fault was admitted")
	}
	s.must("", "delete", "deployment/old")
}

func TestEnforceJudgesTheFinalImage(t *testing.T) {
	s := newSpace(t)
	s.push("1.1.0", "1.2.0")
	manifest := s.manifest("web", "1.2.0", `garboard.dev/policy: "semver:>=1.2 <2"`, quiet)
	s.must(manifest, "apply", "-f", "-")
	// A person goes below the range, and is obeyed: the final image is outside.
	_, warned := s.must("", "set", "image", "deployment/web", "web="+s.image+":1.1.0", "--dry-run=server")
	if !strings.Contains(warned, "spec.template.spec.containers[0].image") {
		t.Errorf("kubectl said %q", warned)
	}
	s.must("", "label", "namespace", s.name, "garboard.dev/validate=enforce")
	s.await("enforce to hold", s.refused("web", "1.1.0"))
	s.must("", "label", "deployment/web", "touched=yes")
}

func TestNamespaceDefaults(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7", "1.3.0")
	_, warned := s.must("", "annotate", "namespace", s.name, "garboard.dev/policy=patch", "garboard.dev/pin=maybe")
	if !strings.Contains(warned, "garboard.dev/pin") {
		t.Errorf("kubectl said %q of a bad default", warned)
	}
	s.must("", "annotate", "namespace", s.name, "garboard.dev/pin-")
	s.await("the default to hold", s.creates("web", "1.2.0", "1.2.7"))
	s.must(s.manifest("own", "1.2.0", "garboard.dev/policy: minor"), "create", "-f", "-")
	s.wantTag("own", "1.3.0")
}
