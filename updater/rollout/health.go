package rollout

import (
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// Phase is how far a workload's Pods are with its template. docs/updater.md has the
// table of kinds and phases.
type Phase int

// The phases.
const (
	// Healthy: all Pods are of the template, and available.
	Healthy Phase = iota
	// Partial: so are all that a partition lets move; the others stay as they are.
	Partial
	// Rolling: Pods are being replaced, or are not available yet.
	Rolling
	// Failed: the controller has given up.
	Failed
	// Paused: the controller replaces no Pods for now.
	Paused
	// Empty: the workload is to have no Pods.
	Empty
)

// String names the phase.
func (p Phase) String() string {
	return [...]string{"Healthy", "Partial", "Rolling", "Failed", "Paused", "Empty"}[p]
}

// Health is what a workload's own status says.
type Health struct {
	Phase Phase
	// Message is a clause for people.
	Message string
	// Observed is false while the status is that of an earlier generation. All counts
	// are 0 then.
	Observed bool
	// Wanted is how many Pods there are to be; -1 where the kind does not say.
	Wanted int64
	// Running, Updated, Ready and Available are how many there are: of any revision,
	// but for Updated.
	Running, Updated, Ready, Available int64
	// Progressed is when the rollout made its last step by the controller's own word;
	// the zero time where it does not say.
	Progressed time.Time
	// Deadline is how long the controller waits for the next step; 0 where it does
	// not say.
	Deadline time.Duration
	// Since is from when on it has been healthy, and FailedAt when it failed, where
	// the status tells.
	Since, FailedAt time.Time
	// Resumes is true where what is paused goes on as a step of the same rollout.
	Resumes bool
}

// Read returns the health of a workload. It reads the status as `kubectl rollout
// status` does, and that of Argo Rollouts by its phase. A kind that says nothing of its
// Pods is healthy.
func Read(o *unstructured.Unstructured) Health {
	h := readCounts(o)
	if why := haltedReason(o); why != "" {
		h.Phase, h.Message = Paused, why
		return h
	}
	if h.Wanted == 0 {
		h.Phase, h.Message = Empty, "it is to have no Pods"
		return h
	}
	if isArgo(o) {
		return judgeArgo(o, h)
	}
	result, err := status.Compute(o)
	if err != nil { // a status of another shape
		return h
	}
	switch result.Status {
	case status.FailedStatus:
		h.Phase, h.Message, h.FailedAt = Failed, failure(o, result.Message), exceeded(o)
	case status.InProgressStatus:
		h.Phase, h.Message = Rolling, result.Message
	default:
		h.Since = uninterrupted(o, completed(o))
		return judgeSettled(o, h)
	}
	return h
}

// judgeSettled judges a workload whose status has no complaint by its counts and its
// partition, which that does not look at for custom kinds.
func judgeSettled(o *unstructured.Unstructured, h Health) Health {
	kept := keptBack(o, h)
	switch {
	case h.Wanted > 0 && kept >= h.Wanted:
		h.Phase, h.Message = Paused, "its partition keeps all Pods as they are"
	case h.Observed && hasCounts(o) && h.Wanted > 0 && h.Updated < h.Wanted-kept:
		h.Phase, h.Message = Rolling, "its Pods are being replaced"
	case h.Observed && countsAvailable(o) && h.Available < h.Wanted:
		h.Phase, h.Message = Rolling, "its Pods are not all available"
	case kept > 0 && h.Updated < h.Wanted:
		h.Phase, h.Message = Partial, "its partition keeps "+strconv.FormatInt(kept, 10)+" Pods as they are"
	}
	return h
}

func isArgo(o *unstructured.Unstructured) bool {
	return o.GroupVersionKind().GroupKind() == (schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"})
}

func judgeArgo(o *unstructured.Unstructured, h Health) Health {
	if !h.Observed {
		h.Phase, h.Message = Rolling, "its controller has not seen it yet"
		return h
	}
	switch phase, _, _ := unstructured.NestedString(o.Object, "status", "phase"); phase {
	case "Healthy", "":
	case "Paused":
		h.Phase, h.Message, h.Resumes = Paused, "its rollout is paused at a step", true
	default:
		h.Phase, h.Message = Rolling, "its rollout goes on"
	}
	if why := Stopped(o); why != "" {
		h.Phase, h.Message = Failed, why
	}
	return h
}

// Stopped says why a workload takes no new version, or nothing. Argo Rollouts
// goes back to the stable Pods by itself when an update fails, and leaves the
// template as it is: a new one would send the next version, too, to where the
// last one broke, before a person has looked.
func Stopped(o *unstructured.Unstructured) (why string) {
	if !isArgo(o) {
		return ""
	}
	if aborted, _, _ := unstructured.NestedBool(o.Object, "status", "abort"); aborted {
		return "the rollout is aborted"
	}
	if phase, _, _ := unstructured.NestedString(o.Object, "status", "phase"); phase == "Degraded" {
		return "the rollout is degraded"
	}
	return ""
}

// Complete reports whether the version of the template was healthy by the workload's
// own word. A Deployment keeps that word when a Pod breaks later, and a StatefulSet
// keeps its revision.
func (h Health) Complete() bool {
	return h.Phase == Healthy && h.Observed || !h.Since.IsZero() && h.Whole() && h.Available > 0
}

// Whole reports whether no Pod of another revision is left.
func (h Health) Whole() bool { return h.Observed && h.Updated > 0 && h.Updated >= h.Running }

// Short reports whether some of the wanted Pods were not available.
func (h Health) Short() bool { return h.Wanted > 0 && h.Available < h.Wanted }

// failure prefers the controller's own reason to a summary of it.
func failure(o *unstructured.Unstructured, summary string) string {
	if reason, _ := condition(o, "Progressing")["reason"].(string); reason == "ProgressDeadlineExceeded" {
		return "its progress deadline is exceeded"
	}
	return summary
}

// Over reports whether the rollout of a move that was made then has ended by the
// workload's own word, whatever its Pods are now.
func Over(o *unstructured.Unstructured, moved time.Time) bool {
	if at := completed(o); !at.IsZero() && !at.Before(moved) {
		return true
	}
	current, okCurrent, _ := unstructured.NestedString(o.Object, "status", "currentRevision")
	updated, okUpdated, _ := unstructured.NestedString(o.Object, "status", "updateRevision")
	return okCurrent && okUpdated && current == updated && isObserved(o)
}

// Watched reports whether the controller itself watches a rollout's progress.
func Watched(o *unstructured.Unstructured) bool { return condition(o, "Progressing") != nil }

// completed is when a Deployment's rollout was, exceeded when its deadline was.
func completed(o *unstructured.Unstructured) time.Time {
	return progressingSince(o, func(reason string) bool { return reason == "NewReplicaSetAvailable" })
}

func exceeded(o *unstructured.Unstructured) time.Time {
	return progressingSince(o, func(reason string) bool { return reason == "ProgressDeadlineExceeded" })
}

// uninterrupted is the later of a moment and of when a Deployment had too few Pods last;
// the zero time stays.
func uninterrupted(o *unstructured.Unstructured, since time.Time) time.Time {
	text, _ := condition(o, "Available")["lastTransitionTime"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if since.IsZero() || err != nil || at.Before(since) {
		return since
	}
	return at
}

// progressingSince is since when a Deployment's progress has had its reason; the zero time
// where that is not wanted.
func progressingSince(o *unstructured.Unstructured, wanted func(reason string) bool) time.Time {
	progressing := condition(o, "Progressing")
	if reason, _ := progressing["reason"].(string); reason == "" || !wanted(reason) {
		return time.Time{}
	}
	text, _ := progressing["lastUpdateTime"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

func condition(o *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if condition, ok := c.(map[string]any); ok && condition["type"] == kind {
			return condition
		}
	}
	return nil
}
