package placement

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/resolver"
)

// Labels that a kubelet had before Kubernetes 1.14, still written and asked for.
const (
	betaOS   = "beta.kubernetes.io/os"
	betaArch = "beta.kubernetes.io/arch"
)

const linux = "linux"

// node is a node and what matters of it.
type node struct {
	*corev1.Node
	group
	// taints keep Pods away for good, sorted.
	taints []corev1.Taint
}

// group is what nodes of one pool have in common.
type group struct {
	platform resolver.Platform
	// taints stand here as a text, to be compared.
	taintText string
}

// nodeOf reads a node. ok is false where it has no architecture, as one of a
// virtual kubelet may.
func nodeOf(full *corev1.Node) (n node, ok bool) {
	platform := resolver.Platform{
		OS:           cmp.Or(full.Labels[corev1.LabelOSStable], full.Labels[betaOS], linux),
		Architecture: cmp.Or(full.Labels[corev1.LabelArchStable], full.Labels[betaArch]),
	}
	taints := lasting(full.Spec.Taints)
	var text strings.Builder
	for _, taint := range taints {
		text.WriteString(taint.ToString() + "\n")
	}
	return node{full, group{platform, text.String()}, taints}, platform.Architecture != ""
}

// same reports whether another state of the node makes no difference.
func (n node) same(other node) bool {
	return n.group == other.group && maps.Equal(n.Labels, other.Labels)
}

// lasting returns the taints that keep Pods away for as long as the node is
// what it is, sorted.
func lasting(taints []corev1.Taint) []corev1.Taint {
	var kept []corev1.Taint
	for _, taint := range taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !isPassingTaint(taint.Key) {
			kept = append(kept, taint)
		}
	}
	slices.SortFunc(kept, func(a, b corev1.Taint) int { return cmp.Compare(a.ToString(), b.ToString()) })
	return kept
}

// isPassingTaint reports whether a taint tells of a moment in a node's life: it is
// cordoned, starting, ill or on its way out. A workload that may run there
// today may do so tomorrow, or on the node that takes its place.
func isPassingTaint(key string) bool {
	switch key {
	case corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable,
		corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure,
		corev1.TaintNodeNetworkUnavailable, corev1.TaintNodeOutOfService:
		return true
	case "node.cloudprovider.kubernetes.io/uninitialized", "node.cloudprovider.kubernetes.io/shutdown",
		"node.cluster.x-k8s.io/uninitialized",
		"ToBeDeletedByClusterAutoscaler", "DeletionCandidateOfClusterAutoscaler",
		"karpenter.sh/unregistered", "karpenter.sh/disruption", "karpenter.sh/disrupted",
		"cloud.google.com/impending-node-termination":
		return true
	default:
		// Network plug-ins and CSI drivers hold a node back until they run on it.
		return strings.HasSuffix(key, "/agent-not-ready")
	}
}
