package updater

import (
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// phase is how far a workload's Pods are with its template.
type phase int

const (
	phaseHealthy phase = iota
	phaseRolling
	phaseFailed
	// phasePaused: nobody rolls it out for now.
	phasePaused
)

// health is what a workload's own status says.
type health struct {
	phase phase
	// message is a clause for people.
	message string
	// updated is how many Pods have the new template: it grows with each step that
	// a rollout makes, while readiness comes and goes with a crash.
	updated int64
	// since is from when on it has been healthy, failed when it did, where the status
	// tells.
	since, failed time.Time
	// resumes: what is paused goes on by itself, or by a person's word, as a step of
	// the same rollout.
	resumes bool
}

// healthOf reads the status as `kubectl rollout status` does, and that of Argo
// Rollouts by its phase. A kind that says nothing of its Pods is healthy.
func healthOf(o *unstructured.Unstructured) health {
	if paused, _, _ := unstructured.NestedBool(o.Object, "spec", "paused"); paused {
		return health{phase: phasePaused, message: "its rollout is paused"}
	}
	if strategy, _, _ := unstructured.NestedString(o.Object, "spec", "updateStrategy", "type"); strategy == "OnDelete" {
		return health{phase: phasePaused, message: "its Pods are replaced by hand"}
	}
	h := health{updated: updatedOf(o)}
	if o.GroupVersionKind().GroupKind() == (schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"}) {
		return argoHealth(o, h)
	}
	result, err := status.Compute(o)
	if err != nil { // a status of another shape
		return h
	}
	switch result.Status {
	case status.FailedStatus:
		h.phase, h.message, h.failed = phaseFailed, failure(o, result.Message), exceeded(o)
	case status.InProgressStatus:
		h.phase, h.message = phaseRolling, result.Message
	default:
		h.since = completed(o)
		if o.GroupVersionKind().Group != "apps" && replicasBehind(o) {
			h.phase, h.message = phaseRolling, "its Pods are being replaced"
		}
	}
	return h
}

func argoHealth(o *unstructured.Unstructured, h health) health {
	// Its controller writes the generation as a text.
	observed, _, _ := unstructured.NestedString(o.Object, "status", "observedGeneration")
	if n, err := strconv.ParseInt(observed, 10, 64); err == nil && n < o.GetGeneration() {
		h.phase, h.message = phaseRolling, "its controller has not seen it yet"
		return h
	}
	switch phase, _, _ := unstructured.NestedString(o.Object, "status", "phase"); phase {
	case "Healthy", "":
	case "Paused":
		h.phase, h.message, h.resumes = phasePaused, "its rollout is paused at a step", true
	default:
		h.phase, h.message = phaseRolling, "its rollout goes on"
	}
	if why := stopped(o); why != "" {
		h.phase, h.message = phaseFailed, why
	}
	return h
}

// replicasBehind is for custom kinds that count as a Deployment does.
func replicasBehind(o *unstructured.Unstructured) bool {
	wanted, ok, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
	updated, counted, _ := unstructured.NestedInt64(o.Object, "status", "updatedReplicas")
	return ok && counted && updated < wanted
}

// failure prefers the controller's own reason to a summary of it.
func failure(o *unstructured.Unstructured, summary string) string {
	progressing := conditionOf(o, "Progressing")
	if reason, _ := progressing["reason"].(string); reason == "ProgressDeadlineExceeded" {
		return "its progress deadline is exceeded"
	}
	return summary
}

// completed is when a Deployment's rollout was, exceeded when its deadline was.
func completed(o *unstructured.Unstructured) time.Time {
	return progressing(o, "NewReplicaSetAvailable")
}

func exceeded(o *unstructured.Unstructured) time.Time {
	return progressing(o, "ProgressDeadlineExceeded")
}

// progressing is since when a Deployment's progress has had a reason; the zero time
// where it has another.
func progressing(o *unstructured.Unstructured, wanted string) time.Time {
	progressing := conditionOf(o, "Progressing")
	if reason, _ := progressing["reason"].(string); reason != wanted {
		return time.Time{}
	}
	text, _ := progressing["lastUpdateTime"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

func conditionOf(o *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if condition, ok := c.(map[string]any); ok && condition["type"] == kind {
			return condition
		}
	}
	return nil
}

// statusCounts are the fields of a status that health is read from.
var statusCounts = []string{
	"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "currentReplicas",
	"currentRevision", "updateRevision", "desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled",
	"numberAvailable", "numberReady", "phase", "abort",
}

func updatedOf(o *unstructured.Unstructured) int64 {
	for _, field := range []string{"updatedReplicas", "updatedNumberScheduled"} {
		if n, ok, _ := unstructured.NestedInt64(o.Object, "status", field); ok {
			return n
		}
	}
	return 0
}
