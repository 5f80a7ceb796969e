package rollout

import (
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// SpecFields and StatusFields are what Read needs besides a Deployment's conditions.
var (
	SpecFields   = []string{"replicas", "paused", "updateStrategy", "progressDeadlineSeconds"}
	StatusFields = []string{
		"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "currentReplicas",
		"currentRevision", "updateRevision", "desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled",
		"numberAvailable", "numberReady", "expectedUpdatedReplicas", "updatedAvailableReplicas", "phase", "abort",
	}
)

// The names that kinds have for one count: those of a Deployment, and of a DaemonSet.
var (
	fieldsUpdated   = []string{"updatedReplicas", "updatedNumberScheduled"}
	fieldsAvailable = []string{"availableReplicas", "numberAvailable"}
)

// readCounts reads the counts of a status. A count of an earlier generation is that of the
// former template, and says nothing of this one.
func readCounts(o *unstructured.Unstructured) Health {
	h := Health{Observed: isObserved(o), Wanted: wanted(o)}
	if seconds, ok := integer(o, "spec", "progressDeadlineSeconds"); ok && seconds > 0 && seconds < math.MaxInt32 {
		h.Deadline = time.Duration(seconds) * time.Second
	}
	if !h.Observed {
		return h
	}
	h.Running = first(o, "replicas", "currentNumberScheduled")
	h.Updated = first(o, fieldsUpdated...)
	h.Ready = first(o, "readyReplicas", "numberReady")
	h.Available = first(o, fieldsAvailable...)
	h.Progressed = progressingSince(o, func(reason string) bool { return reason != "ProgressDeadlineExceeded" })
	return h
}

// isObserved reports whether the controller has seen the object as it is. One that does
// not say is taken to have.
func isObserved(o *unstructured.Unstructured) bool {
	value, known, _ := unstructured.NestedFieldNoCopy(o.Object, "status", "observedGeneration")
	if text, is := value.(string); is { // Argo Rollouts
		n, err := strconv.ParseInt(text, 10, 64)
		return err != nil || n >= o.GetGeneration()
	}
	if n, is := number(value); is {
		return n >= o.GetGeneration()
	}
	return !known && o.GroupVersionKind().Group != "apps"
}

// wanted is how many Pods the spec, or the controller of a DaemonSet, asks for.
func wanted(o *unstructured.Unstructured) int64 {
	if n, ok := integer(o, "spec", "replicas"); ok {
		return n
	}
	if n, ok := integer(o, "status", "desiredNumberScheduled"); ok && isObserved(o) {
		return n
	}
	return -1
}

func hasCounts(o *unstructured.Unstructured) bool { return has(o, fieldsUpdated) }

func countsAvailable(o *unstructured.Unstructured) bool { return has(o, fieldsAvailable) }

func has(o *unstructured.Unstructured, fields []string) bool {
	for _, field := range fields {
		if _, ok := integer(o, "status", field); ok {
			return true
		}
	}
	return false
}

func first(o *unstructured.Unstructured, fields ...string) int64 {
	for _, field := range fields {
		if n, ok := integer(o, "status", field); ok {
			return n
		}
	}
	return 0
}

func integer(o *unstructured.Unstructured, path ...string) (int64, bool) {
	value, _, _ := unstructured.NestedFieldNoCopy(o.Object, path...)
	return number(value)
}

// number reads a JSON number, however it was decoded.
func number(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), true
	default:
		return 0, false
	}
}

// haltedReason says why the controller of a workload replaces no Pods, or nothing. A
// Deployment is paused by its spec, the kinds of OpenKruise by their strategy.
func haltedReason(o *unstructured.Unstructured) string {
	for _, path := range [][]string{{"spec", "paused"}, {"spec", "updateStrategy", "paused"}, {"spec", "updateStrategy", "rollingUpdate", "paused"}} {
		if paused, _, _ := unstructured.NestedBool(o.Object, path...); paused {
			return "its rollout is paused"
		}
	}
	if strategy, _, _ := unstructured.NestedString(o.Object, "spec", "updateStrategy", "type"); strategy == "OnDelete" {
		return "its Pods are replaced by hand"
	}
	return ""
}

// keptBack is how many Pods a partition keeps at the former revision: by the
// controller's own count where it has one, which knows how a percentage is rounded.
func keptBack(o *unstructured.Unstructured, h Health) int64 {
	if h.Wanted <= 0 {
		return 0
	}
	if expected, ok := integer(o, "status", "expectedUpdatedReplicas"); ok && h.Observed {
		return max(h.Wanted-expected, 0)
	}
	for _, path := range [][]string{{"spec", "updateStrategy", "partition"}, {"spec", "updateStrategy", "rollingUpdate", "partition"}} {
		value, ok, _ := unstructured.NestedFieldNoCopy(o.Object, path...)
		if !ok {
			continue
		}
		if n, is := number(value); is {
			return max(n, 0)
		}
		text, _ := value.(string)
		if percent, err := strconv.ParseInt(strings.TrimSuffix(text, "%"), 10, 64); err == nil && percent > 0 {
			return (h.Wanted*min(percent, 100) + 99) / 100
		}
	}
	return 0
}
