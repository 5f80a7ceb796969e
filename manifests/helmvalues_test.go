package manifests_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const helmFlag = "--helm-values"

// Off by default: the base neither has the flag nor the right that it takes.
func TestHelmValuesAddTheFlagAndTheRightAlone(t *testing.T) {
	base, with := install(t), rendered(t, "overlays/helm-values")
	if len(with) != len(base)+2 {
		t.Errorf("got %d objects, want those of the base, %d, with a role and its binding", len(with), len(base))
	}
	for _, deployment := range []string{webhookName, updaterName} {
		before, after := container(t, base, deployment), container(t, with, deployment)
		if diff := cmp.Diff(append(slices.Clone(before.Args), helmFlag), after.Args); diff != "" {
			t.Errorf("%s: arguments (-base and %s +overlay):\n%s", deployment, helmFlag, diff)
		}
	}
	had, added := rights(t, base), []string{}
	for _, line := range rights(t, with) {
		if !slices.Contains(had, line) {
			added = append(added, line)
		}
	}
	want := []string{"garboard-updater cluster secrets get,list,watch", "garboard-webhook cluster secrets get,list,watch"}
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("rights that are added (-want +got):\n%s", diff)
	}
}
