package doctor

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/internal/workload"
)

const (
	probeName = "garboard-doctor-probe"
	// probeImage is used where nothing in the namespace is governed yet. Whether its
	// registry answers does not matter: admission writes down what it has seen.
	probeImage = "registry.k8s.io/pause:3.9"
	// maxProbes is in how many namespaces it is tried where something else refuses it.
	maxProbes = 3
	// notReached is how the API server begins when a webhook does not answer it.
	notReached = "failed calling webhook"
)

// admission creates a Deployment in an opted-in namespace, as a dry run: the API server
// calls the webhook through the Service, with the CA of the configuration, and stores
// nothing.
func (d *Doctor) admission(ctx context.Context) []Finding {
	names := slices.Sorted(maps.Keys(d.found.optedIn))
	if d.Probe != "" {
		if _, opted := d.found.optedIn[d.Probe]; !opted && d.found.optedIn != nil {
			return []Finding{{Severity: Unknown, Object: "namespace/" + d.Probe, Message: "could not be looked at: it has not opted in, so that nothing would be resolved there"}}
		}
		names = []string{d.Probe}
	}
	finding := Finding{Severity: Unknown, Message: "could not be looked at: no namespace has opted in"}
	if d.found.optedIn == nil {
		finding.Message = "could not be looked at: namespaces could not be read; name one that has opted in: --namespace"
	}
	for _, namespace := range names[:min(len(names), maxProbes)] {
		if finding = d.try(ctx, namespace); finding.Severity != Unknown {
			break // an answer
		}
	}
	return []Finding{finding}
}

// try creates the probe in one namespace.
func (d *Doctor) try(ctx context.Context, namespace string) Finding {
	object := "namespace/" + namespace
	created, err := d.Kube.AppsV1().Deployments(namespace).Create(ctx, d.probe(ctx, namespace), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return d.notAdmitted(object, err)
	}
	record := created.Spec.Template.Annotations[workload.AnnotationRecord]
	if record == "" {
		return Finding{
			Severity: Failure, Object: object, Message: "a new Deployment came back as it was sent, as a dry run: Garboard was not asked, or did not answer",
			Why:  "Nothing is moved when it is applied.",
			Mend: "mend what the checks installation, certificates and webhooks found, and run this again",
		}
	}
	return okFinding(object, "a new Deployment came back resolved, as a dry run: %s", record)
}

// probe is a Deployment like one that is governed there, or like none.
func (d *Doctor) probe(ctx context.Context, namespace string) *appsv1.Deployment {
	image, labels := probeImage, map[string]string{"app": probeName}
	if list, err := d.Kube.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{Limit: page}); err == nil {
		for i := range list.Items {
			if template := &list.Items[i].Spec.Template; template.Annotations[workload.AnnotationRecord] != "" {
				image = template.Spec.Containers[0].Image
				break
			}
		}
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: probeName, Annotations: map[string]string{workload.Prefix + "policy": "patch"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](0), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
					Containers: []corev1.Container{{Name: "probe", Image: image, SecurityContext: &corev1.SecurityContext{
						AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
					}}},
				},
			},
		},
	}
}

// answered is a refusal of Garboard's own: the API server reaches it.
var answered = regexp.MustCompile(`admission webhook "(mutate|validate)\.garboard\.dev" denied`)

// notAdmitted tells a webhook that does not answer from a person without the right, and
// from what else refuses Deployments in that namespace.
func (d *Doctor) notAdmitted(object string, err error) Finding {
	text := err.Error()
	if !strings.Contains(text, notReached) {
		if answered.MatchString(text) {
			return okFinding(object, "a new Deployment was refused by Garboard itself, as a dry run: %s", text)
		}
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			return unknownFinding(object, err)
		}
		return Finding{Severity: Unknown, Object: object, Message: "a new Deployment was refused, as a dry run: " + text, Why: "Something else than Garboard's absence refuses it, so that its answer is not known."}
	}
	if !strings.Contains(text, "garboard.dev") {
		return Finding{Severity: Unknown, Object: object, Message: "another webhook does not answer: " + text, Why: "Garboard's answer is not known."}
	}
	mend := fmt.Sprintf("kubectl -n %s get pods,endpointslices; kubectl -n %s logs deployment/%s", d.Namespace, d.Namespace, webhookName)
	if strings.Contains(text, "x509") || strings.Contains(text, "tls:") {
		mend = "mend what the check certificates found"
		if d.found.webhook != nil {
			mend += fmt.Sprintf("; if that is nothing: kubectl -n %s rollout restart deployment/%s", d.Namespace, webhookName)
		}
	}
	return Finding{
		Severity: Failure, Object: object, Message: "the API server does not reach the webhook: " + text,
		Why: "Writes to opted-in namespaces are refused.", Mend: mend,
	}
}
