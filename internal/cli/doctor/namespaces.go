package doctor

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// namespaces looks at who has opted in, and notes them for the checks that follow.
func (d *Doctor) namespaces(ctx context.Context) []Finding {
	list, err := d.Kube.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return []Finding{unknownFinding("namespaces", err)}
	}
	passed := append(d.excluded(ctx), d.Namespace)
	d.found.optedIn = map[string]workload.Namespace{}
	var findings []Finding
	for i := range list.Items {
		n := workload.NamespaceOf(list.Items[i].Name, list.Items[i].Labels, list.Items[i].Annotations)
		object := "namespace/" + n.Name
		value, labelled := n.Labels[workload.LabelEnabled]
		switch {
		case labelled && !n.Enabled():
			findings = append(findings, Finding{
				Severity: Warning, Object: object, Message: fmt.Sprintf("has the label %s=%v, which opts in nothing; allowed: true", workload.LabelEnabled, value),
				Why: "Nothing in it is governed.", Mend: fmt.Sprintf("kubectl label namespace %s %s=true --overwrite", n.Name, workload.LabelEnabled),
			})
			continue
		case labelled && slices.Contains(passed, n.Name):
			findings = append(findings, Finding{
				Severity: Warning, Object: object, Message: "has opted in, and no webhook is asked about it",
				Why: "Nothing in it is governed: a webhook that is down must not be in its own way.", Mend: fmt.Sprintf("kubectl label namespace %s %s-", n.Name, workload.LabelEnabled),
			})
			continue
		case !labelled, list.Items[i].DeletionTimestamp != nil:
			continue
		}
		d.found.optedIn[n.Name] = n
		for _, fault := range settings.NamespaceFaults(n) {
			findings = append(findings, Finding{
				Severity: Warning, Object: object, Message: fault.Error().Error(), Why: "Workloads there are not governed by this setting as its writer expects.",
				Mend: fmt.Sprintf("kubectl annotate namespace %s %s=VALUE --overwrite (a label: kubectl label)", n.Name, fault.Key),
			})
		}
	}
	if len(d.found.optedIn) == 0 {
		return append(findings, Finding{
			Severity: Warning, Message: "no namespace has opted in", Why: "Garboard governs nothing.",
			Mend: fmt.Sprintf("kubectl label namespace my-team %s=true", workload.LabelEnabled),
		})
	}
	optedIn := "1 namespace has"
	if n := len(d.found.optedIn); n > 1 {
		optedIn = fmt.Sprintf("%d namespaces have", n)
	}
	return append(findings, okFinding("", "%s opted in", optedIn))
}

// excluded are the namespaces that the mutating webhook is not asked about.
func (d *Doctor) excluded(ctx context.Context) []string {
	c, err := d.Kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
	if err != nil || len(c.Webhooks) == 0 {
		return nil
	}
	return passedOver(c.Webhooks[0].NamespaceSelector)
}
