package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blang/semver/v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/api/v1alpha1/crds"
)

const whyDefinition = "The API server drops a field that the definition does not have, refuses a value that it does not allow, and lets pass what a missing rule would refuse: votes are lost, or count for something else."

// maxLacking bounds how many things are named that one definition lacks.
const maxLacking = 5

// definitionKind is that of CustomResourceDefinitions.
func definitionKind() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
}

// definitions compares the definitions of updates and votes with those of this version.
func (d *Doctor) definitions(ctx context.Context) []Finding {
	wanted, err := crds.Read()
	if err != nil {
		return []Finding{unknownFinding("", err)}
	}
	var findings []Finding
	for _, definition := range wanted {
		findings = append(findings, d.definition(ctx, definition)...)
	}
	return findings
}

func (d *Doctor) definition(ctx context.Context, wanted *unstructured.Unstructured) []Finding {
	object := "customresourcedefinition/" + wanted.GetName()
	installed, err := d.Dynamic.Resource(definitionKind()).Get(ctx, wanted.GetName(), metav1.GetOptions{})
	if err != nil {
		if apierrors.IsNotFound(err) || !d.serves(wanted) {
			return []Finding{{Severity: Failure, Object: object, Message: "is not there", Why: whyVotes, Mend: d.reinstall()}}
		}
		return []Finding{unknownFinding(object, err)}
	}
	if message := unusable(installed); message != "" {
		return []Finding{{Severity: Failure, Object: object, Message: message, Why: whyVotes, Mend: fmt.Sprintf("kubectl get %s -o yaml (its conditions say what is in the way)", object)}}
	}
	var findings []Finding
	unserved, lacking := compareVersions(wanted, installed)
	for _, version := range unserved {
		findings = append(findings, Finding{Severity: Failure, Object: object, Message: "does not serve " + version, Why: whyVotes, Mend: d.reinstall()})
	}
	if len(lacking) > 0 {
		findings = append(findings, d.older(object, lacking))
	}
	if unknown := unknownVersions(wanted, installed); len(unknown) > 0 {
		findings = append(findings, Finding{
			Severity: Note, Object: object, Message: fmt.Sprintf("has stored objects as %s, which this program does not know: a newer version of Garboard has installed it", strings.Join(unknown, ", ")),
		})
	}
	return findings
}

// older is the finding for a definition that lacks something. Where this program is newer than
// what is installed, the definition is right, and the program is what to exchange.
func (d *Doctor) older(object string, lacking []string) Finding {
	less := strings.Join(lacking[:min(len(lacking), maxLacking)], ", ")
	if more := len(lacking) - maxLacking; more > 0 {
		less += fmt.Sprintf(", and %d more", more)
	}
	installed, known := versionOf(imageOf(d.found.updater))
	own, err := semver.ParseTolerant(d.Version)
	if err == nil && known && (own.Major > installed.Major || own.Major == installed.Major && own.Minor > installed.Minor) {
		return Finding{
			Severity: Warning, Object: object, Message: fmt.Sprintf("is older than this program, which is of version %s, and %s is installed: %s", own, installed, less),
			Why: "What this program writes there is dropped or refused.", Mend: fmt.Sprintf("use the program of version %s, or upgrade: %s", installed, d.reinstall()),
		}
	}
	return Finding{Severity: Failure, Object: object, Message: "is of an older version, or was changed: " + less, Why: whyDefinition, Mend: d.reinstall()}
}

// serves reports whether the API server has the resource of a definition, for a person who
// may not read the definition itself. It is true where that is not known either.
func (d *Doctor) serves(definition *unstructured.Unstructured) bool {
	served, err := d.Kube.Discovery().ServerResourcesForGroupVersion(v1alpha1.SchemeGroupVersion.String())
	if err != nil {
		return !apierrors.IsNotFound(err)
	}
	name, _, _ := strings.Cut(definition.GetName(), ".")
	return slices.ContainsFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Name == name })
}

// unusable says why the API server does not serve a definition at all; empty if it does.
func unusable(definition *unstructured.Unstructured) string {
	if definition.GetDeletionTimestamp() != nil {
		return "is being deleted, with all its objects"
	}
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] == "Established" && condition["status"] != "True" {
			message, _ := condition["message"].(string)
			return "is not established: " + message
		}
	}
	return ""
}

// versionsOf are the versions of a definition, by name.
func versionsOf(definition *unstructured.Unstructured) map[string]map[string]any {
	listed, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	versions := map[string]map[string]any{}
	for _, v := range listed {
		version, _ := v.(map[string]any)
		if name, ok := version["name"].(string); ok {
			versions[name] = version
		}
	}
	return versions
}

// compareVersions returns the versions that are not served, and what the others lack.
func compareVersions(wanted, installed *unstructured.Unstructured) (unserved, lacking []string) {
	there, needed := versionsOf(installed), versionsOf(wanted)
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		version, own := needed[name], there[name]
		if !isTrue(own["served"]) {
			unserved = append(unserved, v1alpha1.Group+"/"+name)
			continue
		}
		_, writes, _ := unstructured.NestedMap(version, "subresources", "status")
		if _, has, _ := unstructured.NestedMap(own, "subresources", "status"); writes && !has {
			lacking = append(lacking, "no subresource status")
		}
		want, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
		have, _, _ := unstructured.NestedMap(own, "schema", "openAPIV3Schema")
		lacking = append(lacking, lackingIn("", want, have)...)
	}
	return unserved, lacking
}

// unknownVersions are those in which objects are stored, or were, and that are not wanted.
func unknownVersions(wanted, installed *unstructured.Unstructured) []string {
	stored, _, _ := unstructured.NestedStringSlice(installed.Object, "status", "storedVersions")
	known := versionsOf(wanted)
	return slices.DeleteFunc(stored, func(name string) bool { return known[name] != nil })
}
