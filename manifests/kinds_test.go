package manifests_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/garboard-dev/garboard/internal/workload"
)

// A kind that the code governs and no rule names would pass by unseen.
func TestRulesNameEveryKindOfWorkload(t *testing.T) {
	var got []string
	for _, rule := range one[*admissionregistrationv1.MutatingWebhookConfiguration](t, install(t), "garboard").Webhooks[0].Rules {
		for _, resource := range rule.Resources {
			got = append(got, strings.TrimPrefix(rule.APIGroups[0]+"/"+resource, "/"))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(resources(func(workload.Kind) bool { return true }), got); diff != "" {
		t.Errorf("resources (-kinds +rules):\n%s", diff)
	}
}

// And one that the updater bumps without the right to would fail at run time.
func TestUpdaterMayPatchWhatItBumps(t *testing.T) {
	var got []string
	for _, line := range rights(t, install(t)) {
		fields := strings.Fields(line)
		verbs := strings.Split(fields[3], ",")
		if fields[0] == updaterName && slices.Contains(verbs, "patch") && slices.Contains(verbs, "watch") {
			got = append(got, fields[2])
		}
	}
	if diff := cmp.Diff(resources(func(k workload.Kind) bool { return k.Rolls() }), got); diff != "" {
		t.Errorf("resources (-kinds +rights):\n%s", diff)
	}
}

// resources lists "group/resource" of the kinds that are wanted, sorted.
func resources(wanted func(workload.Kind) bool) []string {
	var names []string
	for _, kind := range workload.StandardKinds().All() {
		if wanted(kind) {
			names = append(names, strings.TrimPrefix(kind.Group+"/"+kind.Resource, "/"))
		}
	}
	slices.Sort(names)
	return names
}
