package placement

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/garboard-dev/garboard/resolver"
)

// maxDeclared is more platforms than there are.
const maxDeclared = 32

// placement is what a pod template asks of its nodes.
type placement struct {
	nodeName    string
	affinity    nodeaffinity.RequiredNodeAffinity
	tolerations []corev1.Toleration
	// declared are the platforms that selector and affinity name, sorted.
	declared []resolver.Platform
	// namesOS and namesArch tell whether they name any.
	namesOS, namesArch bool
}

// readPlacement reads a pod spec. A bad term is an error even beside one that
// fits a node: the API server would not store it.
func readPlacement(fields map[string]any) (*placement, error) {
	var spec corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &spec); err != nil {
		return nil, &UnreadableError{Err: err}
	}
	required := requiredOf(spec.Affinity)
	if required != nil {
		if _, err := nodeaffinity.NewNodeSelector(required); err != nil {
			return nil, &UnreadableError{Err: err}
		}
	}
	p := &placement{
		nodeName:    spec.NodeName,
		affinity:    nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, spec.Affinity),
		tolerations: spec.Tolerations,
	}
	ways := waysOf(spec.NodeSelector, required)
	for _, way := range ways {
		p.namesOS = p.namesOS || way.os.named
		p.namesArch = p.namesArch || way.arch.named
	}
	p.declared = declaredPlatforms(ways)
	if len(p.declared) > maxDeclared {
		return nil, &UnreadableError{Err: fmt.Errorf("%d platforms are named; allowed: at most %d", len(p.declared), maxDeclared)}
	}
	return p, nil
}

func requiredOf(affinity *corev1.Affinity) *corev1.NodeSelector {
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil
	}
	return affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// tolerates reports whether nodes with the taints take the Pods.
func (p *placement) tolerates(taints []corev1.Taint) bool {
	// Comparisons in tolerations are an option of the cluster's; one that has
	// it off stores no object that compares.
	_, untolerated := scheduling.FindMatchingUntoleratedTaint(logr.Discard(), taints, p.tolerations, p.minds, true)
	return !untolerated
}

// minds reports whether a taint has to be tolerated.
func (p *placement) minds(taint *corev1.Taint) bool {
	// A named node is not the scheduler's choice; its kubelet still evicts.
	if p.nodeName != "" && taint.Effect != corev1.TaintEffectNoExecute {
		return false
	}
	// GKE taints nodes with their platform, and gives the toleration to the
	// Pods whose selector or affinity names one.
	switch taint.Key {
	case corev1.LabelArchStable, betaArch:
		return !p.namesArch
	case corev1.LabelOSStable, betaOS, "node.kubernetes.io/os":
		return !p.namesOS
	}
	return true
}

// fitsAny reports whether the Pods can be on one of the nodes, taints aside.
func (p *placement) fitsAny(ctx context.Context, nodes []*corev1.Node) (bool, error) {
	for _, n := range nodes {
		if p.nodeName != "" && p.nodeName != n.Name {
			continue
		}
		fits, err := p.affinity.Match(n)
		if fits || err != nil {
			return fits, err
		}
		// A hostile affinity costs no more than the request has time for.
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	return false, nil
}
