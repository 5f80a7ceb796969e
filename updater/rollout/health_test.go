package rollout

import "testing"

func TestHealth(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {generation: 4}\n"
	const statefulSet = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {generation: 4}\n"
	const cloneSet = "apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nmetadata: {generation: 4}\n"
	const available = `{type: Available, status: "True"}`
	for name, test := range map[string]struct {
		object string
		want   Phase
	}{
		"a Deployment whose Pods are all new and available is healthy": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, conditions: [` + available + `, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]}`, Healthy,
		},
		"a Deployment that its controller has not seen yet rolls": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, conditions: [` + available + `]}`, Rolling,
		},
		"a Deployment with Pods of the old template rolls": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2, conditions: [` + available + `]}`, Rolling,
		},
		"a Deployment whose new Pods are not available rolls": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, updatedReplicas: 2, conditions: [{type: Available, status: "False"}]}`, Rolling,
		},
		"a Deployment beyond its progress deadline has failed": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1, conditions: [` + available + `, {type: Progressing, status: "False", reason: ProgressDeadlineExceeded}]}`, Failed,
		},
		"a Deployment without replicas has nothing to judge": {
			deployment + `spec: {replicas: 0}
status: {observedGeneration: 4, conditions: [` + available + `]}`, Empty,
		},
		"a Deployment that is paused is nobody's to judge": {
			deployment + `spec: {replicas: 2, paused: true}
status: {observedGeneration: 4, replicas: 2}`, Paused,
		},
		"a StatefulSet at its new revision is healthy": {
			statefulSet + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, readyReplicas: 2, currentReplicas: 2, updatedReplicas: 2, currentRevision: b, updateRevision: b}`, Healthy,
		},
		"a StatefulSet between revisions rolls": {
			statefulSet + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, readyReplicas: 2, currentReplicas: 1, updatedReplicas: 1, currentRevision: a, updateRevision: b}`, Rolling,
		},
		"a DaemonSet with old Pods rolls": {
			`{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 4}, status: {observedGeneration: 4, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 2, numberReady: 3, numberAvailable: 3}}`, Rolling,
		},
		"a StatefulSet whose partition lets one Pod move, which has moved": {
			statefulSet + `spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}}
status: {observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 2, updatedReplicas: 1, currentRevision: a, updateRevision: b}`, Partial,
		},
		"a StatefulSet whose partition lets one Pod move, which has not": {
			statefulSet + `spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}}
status: {observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, currentRevision: a, updateRevision: b}`, Rolling,
		},
		"a StatefulSet whose partition lets no Pod move": {
			statefulSet + `spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 3}}}
status: {observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, currentRevision: a, updateRevision: b}`, Paused,
		},
		"a StatefulSet of an earlier generation is not healthy, whatever it counts": {
			statefulSet + `spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}}
status: {observedGeneration: 3, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, currentRevision: a, updateRevision: a}`, Rolling,
		},
		"a DaemonSet that no node wants has nothing to judge": {
			`{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 4}, status: {observedGeneration: 4, desiredNumberScheduled: 0}}`, Empty,
		},
		"a CloneSet whose strategy is paused": {
			cloneSet + `spec: {replicas: 5, updateStrategy: {paused: true}}
status: {observedGeneration: 4, replicas: 5, updatedReplicas: 1, availableReplicas: 5, expectedUpdatedReplicas: 5}`, Paused,
		},
		"a CloneSet whose partition is reached": {
			cloneSet + `spec: {replicas: 5, updateStrategy: {partition: "40%"}}
status: {observedGeneration: 4, replicas: 5, updatedReplicas: 3, availableReplicas: 5, expectedUpdatedReplicas: 3}`, Partial,
		},
		"a CloneSet on the way to its partition": {
			cloneSet + `spec: {replicas: 5, updateStrategy: {partition: 2}}
status: {observedGeneration: 4, replicas: 5, updatedReplicas: 2, availableReplicas: 5, expectedUpdatedReplicas: 3}`, Rolling,
		},
		"a CloneSet whose partition keeps all": {
			cloneSet + `spec: {replicas: 5, updateStrategy: {partition: "100%"}}
status: {observedGeneration: 4, replicas: 5, updatedReplicas: 0, availableReplicas: 5, expectedUpdatedReplicas: 0}`, Paused,
		},
		"a CloneSet of before the counter of its partition": {
			cloneSet + `spec: {replicas: 5, updateStrategy: {partition: "40%"}}
status: {observedGeneration: 4, replicas: 5, updatedReplicas: 3, availableReplicas: 5}`, Partial,
		},
		"a CloneSet whose new Pods are not available": {
			cloneSet + `spec: {replicas: 3}
status: {observedGeneration: 4, replicas: 3, updatedReplicas: 3, availableReplicas: 2, expectedUpdatedReplicas: 3}`, Rolling,
		},
		"an advanced StatefulSet of OpenKruise that is paused": {
			`{apiVersion: apps.kruise.io/v1beta1, kind: StatefulSet, metadata: {generation: 4}, spec: {replicas: 3, updateStrategy: {rollingUpdate: {paused: true}}}, status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1}}`, Paused,
		},
		"an advanced DaemonSet of OpenKruise with a partition": {
			`{apiVersion: apps.kruise.io/v1alpha1, kind: DaemonSet, metadata: {generation: 4}, spec: {updateStrategy: {rollingUpdate: {partition: 1}}}, status: {observedGeneration: 4, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 3}}`, Partial,
		},
		"an Argo Rollout without replicas":                  {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {generation: 4}, spec: {replicas: 0}, status: {observedGeneration: "4", phase: Healthy}}`, Empty},
		"an Argo Rollout that was degraded before the move": {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {generation: 4}, spec: {replicas: 3}, status: {observedGeneration: "3", phase: Degraded}}`, Rolling},
		"a CronJob has nothing to roll":                     {`{apiVersion: batch/v1, kind: CronJob, metadata: {generation: 4}}`, Healthy},
		"an Argo Rollout on its way rolls":                  {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {generation: 4}, status: {observedGeneration: "3", phase: Progressing}}`, Rolling},
		"an Argo Rollout between steps waits":               {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Paused}}`, Paused},
		"an Argo Rollout that aborted failed":               {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Degraded, abort: true}}`, Failed},
		"an Argo Rollout that is done":                      {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Healthy}}`, Healthy},
		"a custom kind that replaces its Pods":              {`{apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet, metadata: {generation: 4}, spec: {replicas: 3}, status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1}}`, Rolling},
		"a custom kind that has replaced them":              {`{apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet, metadata: {generation: 4}, spec: {replicas: 3}, status: {observedGeneration: 4, replicas: 3, updatedReplicas: 3}}`, Healthy},
		"a status of another shape":                         {`{apiVersion: apps/v1, kind: Deployment, metadata: {generation: 4}, status: [1]}`, Healthy},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Read(object(t, test.object)); got.Phase != test.want {
				t.Errorf("phase %d (%s), want %d", got.Phase, got.Message, test.want)
			}
		})
	}
}
