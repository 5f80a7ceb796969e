package rollout

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestWhoMovedLast(t *testing.T) {
	for name, test := range map[string]struct {
		managed string
		others  string
		ours    bool
	}{
		"nobody but us":                          {`[{manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", true},
		"an apply before us":                     {`[{manager: kubectl, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", true},
		"an apply after us":                      {`[{manager: kubectl, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", false},
		"a label after us":                       {`[{manager: kubectl-label, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:metadata": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", true},
		"the controller's status after us":       {`[{manager: kube-controller-manager, subresource: status, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:status": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", true},
		"an autoscaler after us":                 {`[{manager: kube-controller-manager, subresource: scale, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", true},
		"an apply in the same second":            {`[{manager: kubectl, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "", false},
		"an apply in the same second, before us": {`[{manager: kubectl, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "2026-01-01T00:01:00Z", true},
		"an apply in the same second, after us":  {`[{manager: kubectl, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "2026-01-01T00:00:59Z", false},
		"an apply before us and one long after":  {`[{manager: kubectl, time: "2026-01-01T00:09:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, "2026-01-01T00:01:00Z", false},
		"somebody else alone":                    {`[{manager: kubectl, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}}]`, "", false},
		"managed fields that nobody can read":    {`[1, {manager: garboard-updater, time: soon}, {}]`, "", false},
		"managed fields of another shape":        {`{}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			full := object(t, "{apiVersion: apps/v1, kind: Deployment, metadata: {managedFields: "+test.managed+"}}")
			kept := &unstructured.Unstructured{Object: map[string]any{}}
			Condense(kept, full)
			if _, ours := Ours(kept, test.others); ours != test.ours {
				t.Errorf("ours: %t", ours)
			}
		})
	}
}
