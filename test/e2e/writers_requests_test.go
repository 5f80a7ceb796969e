package e2e

import "testing"

// unchangedApplies is how often a manifest is applied again.
const unchangedApplies = 100

// However often a manifest is applied again: nothing is stored, nothing rolls,
// and the registry is read once a --fresh-for; with resolveOn: change not at all.
func TestUnchangedAppliesAreFree(t *testing.T) {
	alone(t)
	for name, test := range map[string]struct {
		setting string
		lists   int
	}{
		"with resolveOn: apply":  {"garboard.dev/resolveOn: apply", 1},
		"with resolveOn: change": {"garboard.dev/resolveOn: change", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			// One that has begun to lead reads what is only pushed once, within a minute.
			s.stopUpdater()
			t.Cleanup(func() { s.startUpdater() })
			s.push("1.2.0", "1.2.7")
			s.image = s.counted.host() + "/" + s.name + "/app"
			s.only(s.start("--fresh-for=1h"))
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet, test.setting)
			flux := s.loop("kustomize-controller")
			flux.apply(manifest)
			s.rolledOut()
			// Another one, that knows nothing yet.
			s.only(s.start("--fresh-for=1h"))
			s.counted.since()
			s.wantNoChange(func(*space) string {
				for range unchangedApplies {
					flux.apply(manifest)
				}
				return ""
			})
			if n := s.revisions(); n != 1 {
				t.Errorf("%d ReplicaSets", n)
			}
			if n := s.counted.listed(s.name + "/app"); n != test.lists {
				t.Errorf("the registry listed the tags %d times, want %d", n, test.lists)
			}
		})
	}
}
