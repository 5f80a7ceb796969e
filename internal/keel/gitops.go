package keel

import (
	"strings"

	"sigs.k8s.io/yaml"
)

// FromGitOps reads an object by which Keel's chart is installed from Git: Flux's
// HelmRelease, k3s' HelmChart and Argo CD's Application. ok is false for all others.
func FromGitOps(object map[string]any) (i Installation, ok bool) {
	values, namespace, ok := valuesInGit(object)
	if !ok {
		return Installation{}, false
	}
	i = installed(values)
	i.Keeper = map[string]string{"HelmRelease": "Flux", "HelmChart": "k3s", "Application": "Argo CD"}[asText(object["kind"])]
	if namespace != "" {
		i.Namespace = namespace
	}
	return i, true
}

// valuesInGit are the values of Keel's chart in an object, and the namespace that it is
// installed into; empty for that of the object.
func valuesInGit(object map[string]any) (values map[string]any, namespace string, ok bool) {
	spec := childMap(object, "spec")
	group, _, _ := strings.Cut(asText(object["apiVersion"]), "/")
	namespace = asText(childMap(object, "metadata")["namespace"])
	switch kind := asText(object["kind"]); {
	case kind == "HelmRelease" && group == "helm.toolkit.fluxcd.io":
		if to := asText(spec["targetNamespace"]); to != "" {
			namespace = to
		}
		return childMap(spec, "values"), namespace, isKeelsChart(asText(childMap(childMap(spec, "chart"), "spec")["chart"]))
	case kind == "HelmChart" && group == "helm.cattle.io":
		if to := asText(spec["targetNamespace"]); to != "" {
			namespace = to
		}
		return valuesOfText(asText(spec["valuesContent"])), namespace, isKeelsChart(asText(spec["chart"]))
	case kind == "Application" && group == "argoproj.io":
		namespace = asText(childMap(spec, "destination")["namespace"])
		for _, source := range append([]any{spec["source"]}, asList(spec["sources"])...) {
			if isKeelsChart(asText(asMap(source)["chart"])) {
				helm := childMap(asMap(source), "helm")
				if values := childMap(helm, "valuesObject"); values != nil {
					return values, namespace, true
				}
				return valuesOfText(asText(helm["values"])), namespace, true
			}
		}
	}
	return nil, "", false
}

// isKeelsChart reports whether a chart's name, or its address, is that of Keel's.
func isKeelsChart(chart string) bool { return chart[strings.LastIndexByte(chart, '/')+1:] == "keel" }

// valuesOfText reads values that stand in an object as a text; nil for what is none.
func valuesOfText(text string) map[string]any {
	var values map[string]any
	if yaml.Unmarshal([]byte(text), &values) != nil {
		return nil
	}
	return values
}

// keeperOf is what keeps an object as Git has it, by the marks that it leaves.
func keeperOf(labels, annotations map[string]any) string {
	for _, mark := range []struct {
		on          map[string]any
		key, keeper string
	}{
		{labels, "helm.toolkit.fluxcd.io/name", "Flux"},
		{labels, "kustomize.toolkit.fluxcd.io/name", "Flux"},
		{labels, "argocd.argoproj.io/instance", "Argo CD"},
		{annotations, "argocd.argoproj.io/tracking-id", "Argo CD"},
	} {
		if asText(mark.on[mark.key]) != "" {
			return mark.keeper
		}
	}
	return ""
}
