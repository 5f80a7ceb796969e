package manifests_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
)

// By default one updater works, and has no right to any Lease but that one.
func TestShardedAddsTheFlagAndTheRightAlone(t *testing.T) {
	base, with := install(t), rendered(t, "overlays/sharded")
	if len(with) != len(base)+2 {
		t.Errorf("got %d objects, want those of the base, %d, with a role and its binding", len(with), len(base))
	}
	before, after := container(t, base, updaterName), container(t, with, updaterName)
	if diff := cmp.Diff(append(slices.Clone(before.Args), "--shards=6"), after.Args); diff != "" {
		t.Errorf("arguments (-base and the flag +overlay):\n%s", diff)
	}
	if diff := cmp.Diff(container(t, base, webhookName), container(t, with, webhookName)); diff != "" {
		t.Errorf("the webhook (-base +overlay):\n%s", diff)
	}
	if n := one[*appsv1.Deployment](t, with, updaterName).Spec.Replicas; n == nil || *n < 2 {
		t.Errorf("replicas: %v, which share nothing", n)
	}
	had, added := rights(t, base), []string{}
	for _, line := range rights(t, with) {
		if !slices.Contains(had, line) {
			added = append(added, line)
		}
	}
	if diff := cmp.Diff([]string{"garboard-updater namespace/garboard coordination.k8s.io/leases get,list,create,update,delete"}, added); diff != "" {
		t.Errorf("rights that are added (-want +got):\n%s", diff)
	}
	for _, line := range had {
		if strings.Contains(line, "leases ") && strings.Contains(line, "delete") { // of any name
			t.Errorf("the base has %s", line)
		}
	}
}
