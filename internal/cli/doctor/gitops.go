package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

const (
	compareOptions = "argocd.argoproj.io/compare-options"
	serverSideDiff = "ServerSideDiff=true"
	// noServerSideDiff turns it off for one Application where all have it.
	noServerSideDiff = "ServerSideDiff=false"
	argoParameters   = "argocd-cmd-params-cm"
	resolveOnKey     = workload.Prefix + "resolveOn"
	resolveOnChange  = settings.ResolveOnChange
)

// gitops looks for loops that fill opted-in namespaces from Git, and whether they take
// what admission makes of their manifests for a difference.
func (d *Doctor) gitops(ctx context.Context) []Finding {
	findings := slices.Concat(d.argo(ctx), d.flux(ctx), d.fluxHelm(ctx))
	if d.found.looped && d.found.ignored {
		findings = append(findings, Finding{
			Severity: Warning, Object: mutatingObject, Message: "has failurePolicy Ignore, and opted-in namespaces are filled from Git",
			Why:  "While no webhook answers, the tag in Git is a difference, and is applied: images go back to it until the updater moves them again.",
			Mend: "install it without the component ignore, or with admission.failurePolicy=Fail (docs/gitops.md)",
		})
	}
	return findings
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
		options := optionsOf(app)
		if slices.Contains(options, noServerSideDiff) || !slices.Contains(options, serverSideDiff) && !d.argoComparesByDryRun(ctx, app.GetNamespace()) {
			findings = append(findings, Finding{
				Severity: Failure, Object: object, Message: "Argo CD compares it without a dry run, and it fills the namespaces " + strings.Join(namespaces, ", "),
				Why:  "It is OutOfSync for ever, and with selfHeal synced at every turn.",
				Mend: fmt.Sprintf("kubectl -n %s annotate application %s %s=%s --overwrite", app.GetNamespace(), app.GetName(), compareOptions, withDryRun(options)),
			})
		}
		if ignoresImages(app, "spec", "ignoreDifferences") {
			findings = append(findings, imagesIgnored(object, fmt.Sprintf("kubectl -n %s edit application %s", app.GetNamespace(), app.GetName())))
		}
		findings = append(findings, d.loops(object, namespaces)...)
	}
	return findings
}

// optionsOf are those of an Application's comparison.
func optionsOf(app *unstructured.Unstructured) []string {
	options := strings.Split(app.GetAnnotations()[compareOptions], ",")
	for i := range options {
		options[i] = strings.TrimSpace(options[i])
	}
	return options
}

// compareOption is what Argo CD's options look like. What others may write is not to be typed
// into a shell.
var compareOption = regexp.MustCompile(`^[A-Za-z]+(=[A-Za-z]+)?$`)

// withDryRun are the options that are kept, and a comparison through a dry run.
func withDryRun(options []string) string {
	kept := slices.DeleteFunc(slices.Clone(options), func(option string) bool {
		return !compareOption.MatchString(option) || option == noServerSideDiff
	})
	return strings.Join(append(kept, serverSideDiff), ",")
}

// imagePath leads to the image of a container, by a pointer
// (/spec/template/spec/containers/0/image) or by jq, or to what it stands in.
var imagePath = regexp.MustCompile(`[cC]ontainers\b.*[/.]image\b|` +
	`^[/.]spec([/.]jobTemplate([/.]spec)?)?([/.]template([/.]spec([/.](initC|c)ontainers(/[0-9*-]+|\[[0-9]*\])?)?)?)?$`)

// ignoresImages reports whether rules leave images of containers out of a comparison.
func ignoresImages(object *unstructured.Unstructured, fields ...string) bool {
	rules, _, _ := unstructured.NestedSlice(object.Object, fields...)
	return anyText(rules, imagePath.MatchString)
}

// anyText reports whether a text within a value meets a condition.
func anyText(value any, meets func(string) bool) bool {
	switch value := value.(type) {
	case string:
		return meets(value)
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return anyText(item, meets) })
	case map[string]any:
		for _, item := range value {
			if anyText(item, meets) {
				return true
			}
		}
	}
	return false
}

func imagesIgnored(object, edit string) Finding {
	return Finding{
		Severity: Warning, Object: object, Message: "leaves images out of its comparison",
		Why: "What Git changes about them is left out, too: a version of your own is not applied.", Mend: edit + " (docs/gitops.md)",
	}
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

// fluxHelm looks at Flux's Helm releases.
func (d *Doctor) fluxHelm(ctx context.Context) []Finding {
	list := d.all(ctx, schema.GroupVersionResource{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"})
	var findings []Finding
	for i := range list {
		release := &list[i]
		target, _, _ := unstructured.NestedString(release.Object, "spec", "targetNamespace")
		if target == "" {
			target = release.GetNamespace()
		}
		if !d.governed(target) {
			continue
		}
		object := "helmrelease/" + release.GetName()
		if ignoresImages(release, "spec", "driftDetection", "ignore") {
			findings = append(findings, imagesIgnored(object, fmt.Sprintf("kubectl -n %s edit helmrelease %s", release.GetNamespace(), release.GetName())))
		}
		findings = append(findings, d.loops(object, []string{target})...)
	}
	return findings
}

// loops asks for resolveOn: change where a loop fills a namespace.
func (d *Doctor) loops(object string, namespaces []string) []Finding {
	var findings []Finding
	d.found.looped = d.found.looped || len(namespaces) > 0
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
