package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

const (
	compareOptions  = "argocd.argoproj.io/compare-options"
	serverSideDiff  = "ServerSideDiff=true"
	argoParameters  = "argocd-cmd-params-cm"
	resolveOnKey    = workload.Prefix + "resolveOn"
	resolveOnChange = settings.ResolveOnChange
)

// gitops looks for loops that fill opted-in namespaces from Git, and whether they take
// what admission makes of their manifests for a difference.
func (d *Doctor) gitops(ctx context.Context) []Finding {
	findings := d.argo(ctx)
	return append(findings, d.flux(ctx)...)
}

func (d *Doctor) argo(ctx context.Context) []Finding {
	list := d.all(ctx, schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"})
	var findings []Finding
	for i := range list {
		app := &list[i]
		namespaces := d.filled(app, "status", "resources")
		if destination, _, _ := unstructured.NestedString(app.Object, "spec", "destination", "namespace"); d.governed(destination) && !slices.Contains(namespaces, destination) {
			namespaces = append(namespaces, destination)
		}
		if len(namespaces) == 0 {
			continue
		}
		object := "application/" + app.GetName()
		if !strings.Contains(app.GetAnnotations()[compareOptions], serverSideDiff) && !d.argoComparesByDryRun(ctx, app.GetNamespace()) {
			findings = append(findings, Finding{
				Severity: Failure, Object: object, Message: "Argo CD compares it without a dry run, and it fills the namespaces " + strings.Join(namespaces, ", "),
				Why:  "It is OutOfSync for ever, and with selfHeal synced at every turn.",
				Mend: fmt.Sprintf("kubectl -n %s annotate application %s %s=%s --overwrite", app.GetNamespace(), app.GetName(), compareOptions, serverSideDiff),
			})
		}
		findings = append(findings, d.loops(object, namespaces)...)
	}
	return findings
}

// argoComparesByDryRun reports whether all Applications of an Argo CD are.
func (d *Doctor) argoComparesByDryRun(ctx context.Context, namespace string) bool {
	parameters, err := d.Kube.CoreV1().ConfigMaps(namespace).Get(ctx, argoParameters, metav1.GetOptions{})
	return err == nil && parameters.Data["controller.diff.server.side"] == "true"
}

func (d *Doctor) flux(ctx context.Context) []Finding {
	list := d.all(ctx, schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"})
	findings := make([]Finding, 0, len(list))
	for i := range list {
		k := &list[i]
		var namespaces []string
		entries, _, _ := unstructured.NestedSlice(k.Object, "status", "inventory", "entries")
		for _, e := range entries {
			entry, _ := e.(map[string]any)
			id, _ := entry["id"].(string) // NAMESPACE_NAME_GROUP_KIND
			if namespace, _, _ := strings.Cut(id, "_"); d.governed(namespace) && !slices.Contains(namespaces, namespace) {
				namespaces = append(namespaces, namespace)
			}
		}
		if target, _, _ := unstructured.NestedString(k.Object, "spec", "targetNamespace"); d.governed(target) && !slices.Contains(namespaces, target) {
			namespaces = append(namespaces, target)
		}
		findings = append(findings, d.loops("kustomization/"+k.GetName(), namespaces)...)
	}
	return findings
}

// loops asks for resolveOn: change where a loop fills a namespace.
func (d *Doctor) loops(object string, namespaces []string) []Finding {
	var findings []Finding
	for _, namespace := range namespaces {
		if d.found.optedIn[namespace].Annotations[resolveOnKey] == resolveOnChange {
			continue
		}
		findings = append(findings, Finding{
			Severity: Warning, Object: object, Message: fmt.Sprintf("fills namespace %q, which has no %s=%s", namespace, resolveOnKey, resolveOnChange),
			Why:  "Each new tag is a difference to it, and is told as one until it syncs.",
			Mend: fmt.Sprintf("kubectl annotate namespace %s %s=%s", namespace, resolveOnKey, resolveOnChange),
		})
	}
	return findings
}

func (d *Doctor) governed(namespace string) bool {
	_, opted := d.found.optedIn[namespace]
	return opted
}

// filled are the opted-in namespaces of a list of objects.
func (d *Doctor) filled(app *unstructured.Unstructured, fields ...string) []string {
	var namespaces []string
	resources, _, _ := unstructured.NestedSlice(app.Object, fields...)
	for _, r := range resources {
		resource, _ := r.(map[string]any)
		namespace, _ := resource["namespace"].(string)
		if d.governed(namespace) && !slices.Contains(namespaces, namespace) {
			namespaces = append(namespaces, namespace)
		}
	}
	return namespaces
}

// all lists a kind that need not be there, nor be for us to read: who is not to see a
// loop's objects is not the one to mend them.
func (d *Doctor) all(ctx context.Context, kind schema.GroupVersionResource) []unstructured.Unstructured {
	list, err := d.Dynamic.Resource(kind).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return list.Items
}
