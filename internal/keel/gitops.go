package keel

import (
	"cmp"
	"strings"

	"sigs.k8s.io/yaml"
)

// FromGitOps reads an object by which Keel's chart is installed from Git: Flux's
// HelmRelease, k3s' HelmChart and Argo CD's Application. ok is false for all others.
func FromGitOps(object map[string]any) (i Installation, ok bool) {
	spec := childMap(object, "spec")
	group, _, _ := strings.Cut(asText(object["apiVersion"]), "/")
	namespace := cmp.Or(asText(spec["targetNamespace"]), asText(childMap(object, "metadata")["namespace"]))
	switch kind := asText(object["kind"]); {
	case kind == "HelmRelease" && group == "helm.toolkit.fluxcd.io":
		return inGit("Flux", childMap(childMap(spec, "chart"), "spec")["chart"], childMap(spec, "values"), namespace)
	case kind == "HelmChart" && group == "helm.cattle.io":
		return inGit("k3s", spec["chart"], valuesOfText(spec["valuesContent"]), namespace)
	case kind == "Application" && group == "argoproj.io":
		for _, source := range append([]any{spec["source"]}, asList(spec["sources"])...) {
			helm := childMap(asMap(source), "helm")
			values := childMap(helm, "valuesObject")
			if values == nil {
				values = valuesOfText(helm["values"])
			}
			if i, ok := inGit("Argo CD", asMap(source)["chart"], values, asText(childMap(spec, "destination")["namespace"])); ok {
				return i, true
			}
		}
	}
	return Installation{}, false
}

// inGit is what a chart that a keeper installs makes of values, if the chart's name, or its
// address, is that of Keel's.
func inGit(keeper string, chart any, values map[string]any, namespace string) (Installation, bool) {
	name := asText(chart)
	if name[strings.LastIndexByte(name, '/')+1:] != "keel" {
		return Installation{}, false
	}
	i := installed(values)
	i.Keeper, i.Namespace = keeper, cmp.Or(namespace, i.Namespace)
	return i, true
}

// valuesOfText reads values that stand in an object as a text; nil for what is none.
func valuesOfText(text any) map[string]any {
	var values map[string]any
	if yaml.Unmarshal([]byte(asText(text)), &values) != nil {
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
