package doctor

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

const (
	// maxWorkloads bounds what is told of workloads: who has more has one cause.
	maxWorkloads = 20
	// page is how many are read at a time.
	page = 500
)

// workloads reads the settings of what is in opted-in namespaces as admission does.
func (d *Doctor) workloads(ctx context.Context) []Finding {
	if d.found.optedIn == nil {
		return []Finding{{Severity: Unknown, Message: "could not be looked at: namespaces could not be read"}}
	}
	var findings []Finding
	faulty := 0
	for _, kind := range d.kinds().Rolling() {
		found, err := d.settingsOf(ctx, kind)
		if err != nil && !apierrors.IsNotFound(err) { // a custom kind need not be there
			findings = append(findings, unknownFinding(resourceOf(kind).Resource, err))
		}
		faulty += len(found)
		findings = append(findings, found[:min(len(found), max(0, maxWorkloads-len(findings)))]...)
	}
	if faulty > len(findings) {
		findings = append(findings, Finding{Severity: Warning, Message: fmt.Sprintf("%d settings in all are not understood", faulty), Why: notGoverned, Mend: "mend those above, and run this again"})
	}
	return findings
}

const notGoverned = "A container whose settings are not understood is left alone."

// settingsOf reads the workloads of one kind, page by page.
func (d *Doctor) settingsOf(ctx context.Context, kind workload.Kind) ([]Finding, error) {
	var findings []Finding
	options := metav1.ListOptions{Limit: page}
	for {
		list, err := d.Dynamic.Resource(resourceOf(kind)).List(ctx, options)
		if err != nil {
			return findings, err
		}
		for i := range list.Items {
			findings = append(findings, d.settingFaults(&list.Items[i])...)
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return findings, nil
		}
	}
}

// settingFaults are those of one workload, where it is governed at all. Those of its
// namespace were told.
func (d *Doctor) settingFaults(object *unstructured.Unstructured) []Finding {
	namespace, opted := d.found.optedIn[object.GetNamespace()]
	o, isKind := d.kinds().FromMap(object.Object)
	if !opted || !isKind || metav1.GetControllerOf(object) != nil {
		return nil
	}
	var findings []Finding
	for _, fault := range settings.ReadSettings(o, namespace).Faults {
		if !fault.Namespace {
			findings = append(findings, settingFault(namespace.Name, o, fault))
		}
	}
	return findings
}

func settingFault(namespace string, o *workload.Object, fault settings.Fault) Finding {
	why := notGoverned
	if fault.PassedOver {
		why = "The key counts as not being there."
	}
	verb := "annotate"
	if strings.Contains(fault.Path.String(), "labels") {
		verb = "label"
	}
	return Finding{
		Severity: Warning, Object: namespace + " " + o.Shown(), Message: fault.Error().Error(), Why: why,
		Mend: fmt.Sprintf("kubectl -n %s %s %s %s=VALUE --overwrite", namespace, verb, o.Shown(), fault.Key),
	}
}

// resourceOf is where the API has a kind. That of a custom one is guessed, as Kubernetes'
// own tools do.
func resourceOf(kind workload.Kind) schema.GroupVersionResource {
	if kind.Resource != "" {
		return kind.GroupVersionResource()
	}
	resource, _ := meta.UnsafeGuessKindToResource(kind.GroupVersionKind)
	return resource
}
