package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		for _, name := range slices.Sorted(maps.Keys(d.found.optedIn)) {
			found, count, err := d.settingsOf(ctx, kind, d.found.optedIn[name])
			if err != nil && !apierrors.IsNotFound(err) {
				findings = append(findings, unknown(resourceOf(kind).Resource+" of namespace "+name, err))
				continue
			}
			faulty += count
			findings = append(findings, found[:min(len(found), max(0, maxWorkloads-len(findings)))]...)
		}
	}
	if faulty > len(findings) {
		findings = append(findings, Finding{Severity: Warning, Message: fmt.Sprintf("%d settings in all are not understood", faulty), Why: notGoverned, Mend: "mend those above, and run this again"})
	}
	return findings
}

const notGoverned = "A container whose settings are not understood is left alone."

// settingsOf reads the workloads of one kind and namespace.
func (d *Doctor) settingsOf(ctx context.Context, kind workload.Kind, namespace workload.Namespace) (findings []Finding, count int, err error) {
	options := metav1.ListOptions{Limit: page}
	for {
		list, err := d.Dynamic.Resource(resourceOf(kind)).Namespace(namespace.Name).List(ctx, options)
		if err != nil {
			return findings, count, err
		}
		for i := range list.Items {
			if metav1.GetControllerOf(&list.Items[i]) != nil {
				continue // not asked about: its owner decides
			}
			o, isKind := d.kinds().FromMap(list.Items[i].Object)
			if !isKind {
				continue
			}
			for _, fault := range settings.ReadSettings(o, namespace).Faults {
				if fault.Namespace {
					continue // told of the namespace
				}
				count++
				findings = append(findings, settingFault(namespace.Name, o, fault))
			}
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return findings, count, nil
		}
	}
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
