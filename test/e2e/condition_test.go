package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// condition is the key that the updater puts beside a bump, as the API server names it.
const condition = "garboard.dev/only-if:moved"

// The updater's bumps have no dry run where one was made lately. That is safe because the
// API server refuses the key beside them unless admission takes it off.
func TestBumpThatAdmissionLeavesIsRefused(t *testing.T) {
	bump := func(s *space, target string) error {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:"true"}},"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"web=%s"}}}}}`,
			condition, target)
		_, _, err := s.kubectl("", "patch", "deployment/web", "--type=merge", "-p", patch, asUpdater)
		return err
	}
	s := newSpace(t)
	s.push("1.2.0")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	for name, s := range map[string]*space{"which moves nothing": s, "which is not asked": makeSpace(t, nil)} {
		s.must(manifest, "apply", "-f", "-")
		before := s.deployment("web")
		if err := bump(s, "1.2.7"); err == nil || !strings.Contains(err.Error(), condition) {
			t.Errorf("a bump beside an admission %s: %v", name, err)
		}
		if after := s.deployment("web"); after.Generation != before.Generation {
			t.Errorf("a bump beside an admission %s was stored", name)
		}
	}
	s.push("1.2.7")
	if err := bump(s, "1.2.7"); err != nil {
		t.Fatal(err)
	}
	s.wantTag("web", "1.2.7")
	if _, left := s.deployment("web").Annotations[condition]; left {
		t.Error("the key is stored")
	}
}
