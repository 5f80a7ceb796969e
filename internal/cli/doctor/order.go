package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// order looks for what else may change images: webhooks are called in the order of their
// configurations' names, and MutatingAdmissionPolicies before all webhooks.
func (d *Doctor) order(ctx context.Context) []Finding {
	list, err := d.Kube.AdmissionregistrationV1().MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return []Finding{unknownFinding("mutatingwebhookconfigurations", err)}
	}
	findings := d.policies(ctx)
	for i := range list.Items {
		c := &list.Items[i]
		if c.Name <= configurationName {
			continue
		}
		at := slices.IndexFunc(c.Webhooks, changesWorkloads)
		if at < 0 {
			continue
		}
		findings = append(findings, Finding{
			Severity: Note, Object: "mutatingwebhookconfiguration/" + c.Name,
			Message: fmt.Sprintf("webhook %s is called after Garboard's about workloads or Pods, and may rewrite their images", c.Webhooks[at].Name),
			Why:     "What it makes of an image is seen and kept (docs/other-webhooks.md); a digest policy or a mirror may need a setting there.",
		})
	}
	return findings
}

// changesWorkloads reports whether a webhook is asked about the making of workloads or Pods.
func changesWorkloads(w admissionregistrationv1.MutatingWebhook) bool {
	return slices.ContainsFunc(w.Rules, func(r admissionregistrationv1.RuleWithOperations) bool {
		if !slices.Contains(r.Operations, admissionregistrationv1.Create) && !slices.Contains(r.Operations, admissionregistrationv1.OperationAll) {
			return false
		}
		return (coversItem(r.APIGroups, "") && coversItem(r.Resources, "pods")) ||
			(coversItem(r.APIGroups, "apps") && (coversItem(r.Resources, "deployments") || coversItem(r.Resources, "statefulsets") || coversItem(r.Resources, "daemonsets")))
	})
}

// policies are the MutatingAdmissionPolicies that speak of images.
func (d *Doctor) policies(ctx context.Context) []Finding {
	var findings []Finding
	for _, version := range []string{"v1", "v1beta1"} {
		kind := schema.GroupVersionResource{Group: admissionregistrationv1.GroupName, Version: version, Resource: "mutatingadmissionpolicies"}
		list, err := d.Dynamic.Resource(kind).List(ctx, metav1.ListOptions{})
		if err != nil {
			continue // not of this version, or not to be read
		}
		for i := range list.Items {
			text, err := json.Marshal(list.Items[i].Object["spec"])
			if err == nil && strings.Contains(string(text), "image") {
				findings = append(findings, Finding{
					Severity: Note, Object: "mutatingadmissionpolicy/" + list.Items[i].GetName(),
					Message: "speaks of images, and is called before Garboard: Garboard sees what it makes of them",
					Why:     "A prefix or digest that it adds is part of what Garboard moves (docs/other-webhooks.md).",
				})
			}
		}
		return findings
	}
	return findings
}
