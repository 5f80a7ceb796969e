package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// way is what a node must be in one of the ways to fit: the node selector
// together with one term of the affinity.
type way struct{ os, arch choice }

// choice is the values that a label may have.
type choice struct {
	// named tells that values are all there are.
	named  bool
	values []string
	but    []string
}

// waysOf returns the ways in which a node can fit.
func waysOf(selector map[string]string, required *corev1.NodeSelector) []way {
	var base way
	for key, value := range selector {
		base.narrow(key, corev1.NodeSelectorOpIn, []string{value})
	}
	if required == nil {
		return []way{base}
	}
	var all []way
	for _, term := range required.NodeSelectorTerms {
		if len(term.MatchExpressions)+len(term.MatchFields) == 0 {
			continue // fits no node
		}
		w := base
		for _, expression := range term.MatchExpressions {
			w.narrow(expression.Key, expression.Operator, expression.Values)
		}
		all = append(all, w)
	}
	return all
}

func (w *way) narrow(key string, operator corev1.NodeSelectorOperator, values []string) {
	switch key {
	case corev1.LabelOSStable, betaOS:
		w.os = w.os.narrowed(operator, values)
	case corev1.LabelArchStable, betaArch:
		w.arch = w.arch.narrowed(operator, values)
	}
}

func (c choice) narrowed(operator corev1.NodeSelectorOperator, values []string) choice {
	switch operator {
	case corev1.NodeSelectorOpIn:
		var both []string
		for _, value := range values {
			if !c.named || slices.Contains(c.values, value) {
				both = append(both, value)
			}
		}
		c.named, c.values = true, both
	case corev1.NodeSelectorOpNotIn:
		c.but = slices.Concat(c.but, values)
	}
	return c
}

// allowed returns the values that are left.
func (c choice) allowed() []string {
	return slices.DeleteFunc(slices.Clone(c.values), func(value string) bool { return slices.Contains(c.but, value) })
}

// declaredPlatforms returns the platforms that the ways name, sorted; none where one of
// them is open to any architecture.
func declaredPlatforms(ways []way) []resolver.Platform {
	var all []resolver.Platform
	for _, w := range ways {
		if !w.os.named {
			w.os.values = []string{linux}
		}
		if !w.arch.named || len(w.os.allowed()) == 0 && !w.os.named {
			return nil
		}
		for _, os := range w.os.allowed() {
			for _, arch := range w.arch.allowed() {
				if platform, err := registry.ParsePlatform(os + "/" + arch); err == nil {
					all = append(all, platform) // no node is any other
				}
			}
		}
	}
	slices.SortFunc(all, comparePlatforms)
	return slices.Compact(all)
}
