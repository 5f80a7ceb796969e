package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// minimumMinor is the first Kubernetes 1.x with matchConditions in webhooks.
const minimumMinor = 30

// releaseAnnotation is Helm's, on what it installs.
const releaseAnnotation = "meta.helm.sh/release-name"

// releaseName is what Helm allows. What others may write is not to be typed into a shell.
var releaseName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?$`)

// reserved are namespaces that Garboard must not run in: no webhook is asked about its
// own, and those have to be there while Garboard is not.
func reserved() []string { return []string{"kube-system", "kube-node-lease", "kube-public"} }

func (d *Doctor) kubernetes(context.Context) []Finding {
	version, err := d.Kube.Discovery().ServerVersion()
	if err != nil {
		return []Finding{unknownFinding("", err)}
	}
	minor, err := strconv.Atoi(strings.TrimRight(version.Minor, "+"))
	if err == nil && version.Major == "1" && minor < minimumMinor {
		return []Finding{{
			Severity: Failure, Message: fmt.Sprintf("the API server is of version %s", version.GitVersion),
			Why:  fmt.Sprintf("Below 1.%d it has no matchConditions of webhooks: the Pods of controllers then wait for Garboard, too.", minimumMinor),
			Mend: fmt.Sprintf("upgrade the cluster to Kubernetes 1.%d or newer", minimumMinor),
		}}
	}
	return []Finding{okFinding("", "the API server is of version %s", version.GitVersion)}
}

// installation reads both Deployments, which other checks need as well.
func (d *Doctor) installation(ctx context.Context) []Finding {
	var findings []Finding
	if slices.Contains(reserved(), d.Namespace) {
		findings = append(findings, Finding{
			Severity: Failure, Object: "namespace/" + d.Namespace, Message: "Garboard runs in a namespace of Kubernetes' own",
			Why:  "No webhook is asked about Garboard's namespace, and nothing else in it is governed either.",
			Mend: "install it anew with --namespace garboard, and remove it here",
		})
	}
	for _, name := range []string{webhookName, updaterName} {
		object := "deployment/" + name
		deployment, err := d.Kube.AppsV1().Deployments(d.Namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			findings = append(findings, Finding{
				Severity: Failure, Object: object, Message: fmt.Sprintf("is not in namespace %q", d.Namespace),
				Why: missingDeployment(name), Mend: d.reinstall() + " (or name its namespace: --garboard-namespace)",
			})
			continue
		case err != nil:
			findings = append(findings, unknownFinding(object, err))
			continue
		}
		if name == webhookName {
			d.found.webhook = deployment
		} else {
			d.found.updater = deployment
		}
		if release := deployment.Annotations[releaseAnnotation]; releaseName.MatchString(release) {
			d.found.helm = release
			d.found.applied = slices.ContainsFunc(deployment.ManagedFields, func(f metav1.ManagedFieldsEntry) bool {
				return f.Manager == "helm" && f.Operation == metav1.ManagedFieldsOperationApply
			})
		}
		findings = append(findings, d.replicas(ctx, deployment))
	}
	return append(findings, d.service(ctx)...)
}

// service looks whether the Service that the API server asks leads to a webhook.
func (d *Doctor) service(ctx context.Context) []Finding {
	if d.found.webhook == nil || d.found.webhook.Status.ReadyReplicas == 0 {
		return nil // which was told
	}
	return d.endpoints(ctx, webhookName, Finding{
		Severity: Failure, Object: "service/" + webhookName, Message: "leads to no Pod, and there are some that are ready: its selector is another",
		Why: missingDeployment(webhookName), Mend: d.reinstall(),
	})
}

// endpoints looks whether a Service leads to a Pod that is ready; unready is what is found
// if it leads to none. It returns nothing if all is well.
func (d *Doctor) endpoints(ctx context.Context, service string, unready Finding) []Finding {
	_, err := d.Kube.CoreV1().Services(d.Namespace).Get(ctx, service, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return []Finding{{Severity: Failure, Object: unready.Object, Message: "is not there", Why: unready.Why, Mend: d.reinstall()}}
	}
	if err != nil {
		return []Finding{unknownFinding(unready.Object, err)}
	}
	found, err := d.Kube.DiscoveryV1().EndpointSlices(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service})
	if err != nil {
		return []Finding{unknownFinding(unready.Object, err)}
	}
	if !anyReady(found.Items) {
		return []Finding{unready}
	}
	return nil
}

func missingDeployment(name string) string {
	if name == webhookName {
		return "Nothing answers the API server: no image is moved at admission, and with failurePolicy Fail writes to opted-in namespaces are refused."
	}
	return "Registries are not watched: a workload moves only when it is applied."
}

// replicas compares those that are wanted with those that are ready.
func (d *Doctor) replicas(ctx context.Context, deployment *appsv1.Deployment) Finding {
	object := "deployment/" + deployment.Name
	wanted, ready := ptr.Deref(deployment.Spec.Replicas, 1), deployment.Status.ReadyReplicas
	logs := fmt.Sprintf("kubectl -n %s describe pods -l app.kubernetes.io/component=%s", d.Namespace, strings.TrimPrefix(deployment.Name, "garboard-"))
	switch {
	case wanted == 0:
		return Finding{Severity: Failure, Object: object, Message: "is scaled to no replica", Why: missingDeployment(deployment.Name),
			Mend: fmt.Sprintf("kubectl -n %s scale %s --replicas=2", d.Namespace, object)}
	case ready == 0:
		return Finding{Severity: Failure, Object: object, Message: fmt.Sprintf("none of %d replicas is ready%s", wanted, d.reason(ctx, deployment)),
			Why: missingDeployment(deployment.Name), Mend: logs}
	case ready < wanted:
		return Finding{Severity: Warning, Object: object, Message: fmt.Sprintf("%d of %d replicas are ready%s", ready, wanted, d.reason(ctx, deployment)),
			Why: "One node less, and there may be none.", Mend: logs}
	case wanted == 1 && deployment.Name == webhookName:
		return Finding{Severity: Warning, Object: object, Message: "has one replica", Why: "While it is replaced, writes to opted-in namespaces wait.",
			Mend: fmt.Sprintf("kubectl -n %s scale %s --replicas=2", d.Namespace, object)}
	}
	return okFinding(object, "%d of %d replicas are ready", ready, wanted)
}

// reason is why the first Pod that is not ready waits, if the kubelet says.
func (d *Doctor) reason(ctx context.Context, deployment *appsv1.Deployment) string {
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return "; " + condition.Message // no Pod could be made
		}
	}
	pods, err := d.Kube.CoreV1().Pods(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(deployment.Spec.Selector)})
	if err != nil {
		return ""
	}
	for i := range pods.Items {
		for _, c := range pods.Items[i].Status.ContainerStatuses {
			if waiting := c.State.Waiting; waiting != nil && waiting.Reason != "ContainerCreating" {
				return fmt.Sprintf("; Pod %s: %s", pods.Items[i].Name, strings.TrimSpace(waiting.Reason+" "+waiting.Message))
			}
		}
		for _, condition := range pods.Items[i].Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				return fmt.Sprintf("; Pod %s: %s", pods.Items[i].Name, condition.Message)
			}
		}
	}
	return ""
}

// flagValue is the value of an argument of a Deployment's container; ok is false where it is
// not given. The last one counts, as it does for the program.
func flagValue(deployment *appsv1.Deployment, name string) (value string, given bool) {
	if deployment == nil || len(deployment.Spec.Template.Spec.Containers) == 0 {
		return "", false
	}
	for _, arg := range deployment.Spec.Template.Spec.Containers[0].Args {
		if text, found := strings.CutPrefix(arg, "--"+name); found && (text == "" || strings.HasPrefix(text, "=")) {
			value, given = strings.TrimPrefix(text, "="), true
		}
	}
	return value, given
}
