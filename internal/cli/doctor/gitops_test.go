package doctor

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestDoctorLooksAtLoopsThatFillNamespacesFromGit(t *testing.T) {
	for name, tt := range map[string]struct {
		breaks func(t *testing.T, w *world)
		want   []found
	}{
		"Argo CD that compares without a dry run": {
			breaks: func(_ *testing.T, w *world) {
				w.custom(`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: shop, namespace: argocd}, spec: {destination: {namespace: team}}}`)
			},
			want: []found{
				{Failure, "gitops", "application/shop", "without a dry run", "kubectl -n argocd annotate application shop argocd.argoproj.io/compare-options=ServerSideDiff=true"},
				{Warning, "gitops", "application/shop", `namespace "team", which has no garboard.dev/resolveOn=change`, "kubectl annotate namespace team garboard.dev/resolveOn=change"},
			},
		},
		"Argo CD and Flux as they should be": {
			breaks: func(_ *testing.T, w *world) {
				w.team.Annotations = map[string]string{"garboard.dev/resolveOn": "change"}
				w.more = append(w.more, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: argoParameters, Namespace: "argocd"}, Data: map[string]string{"controller.diff.server.side": "true"}})
				w.custom(`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: shop, namespace: argocd}, status: {resources: [{namespace: team}]}}`)
				w.custom(`{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: apps, namespace: flux-system}, spec: {targetNamespace: team}}`)
			},
		},
		"Flux that tells each tag as a difference": {
			breaks: func(_ *testing.T, w *world) {
				w.custom(`{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: apps, namespace: flux-system},
					status: {inventory: {entries: [{id: team_shop_apps_Deployment}, {id: other_x_apps_Deployment}]}}}`)
			},
			want: []found{{Warning, "gitops", "kustomization/apps", `fills namespace "team"`, "kubectl annotate namespace team"}},
		},
		"Flux's Helm releases, of which one leaves images out": {
			breaks: func(_ *testing.T, w *world) {
				w.custom(`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: shop, namespace: flux-system}, spec: {targetNamespace: team,
					driftDetection: {mode: enabled, ignore: [{paths: [/spec/template/spec/containers/0/image]}]}}}`)
				w.custom(`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: blog, namespace: team}, spec: {driftDetection: {ignore: [{paths: [/spec/replicas]}]}}}`)
				w.custom(`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: other, namespace: other}}`)
			},
			want: []found{
				{Warning, "gitops", "helmrelease/shop", "leaves images out of its comparison", "kubectl -n flux-system edit helmrelease shop"},
				{Warning, "gitops", "helmrelease/shop", `fills namespace "team"`, "kubectl annotate namespace team"},
				{Warning, "gitops", "helmrelease/blog", `fills namespace "team"`, "kubectl annotate namespace team"},
			},
		},
		"a loop where writes pass without a webhook": {
			breaks: func(_ *testing.T, w *world) {
				w.team.Annotations = map[string]string{"garboard.dev/resolveOn": "change"}
				w.mutating.Webhooks[0].FailurePolicy = ptr.To(admissionregistrationv1.Ignore)
				w.custom(`{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: apps, namespace: flux-system}, spec: {targetNamespace: team}}`)
			},
			want: []found{{Warning, "gitops", mutatingObject, "has failurePolicy Ignore, and opted-in namespaces are filled from Git", "admission.failurePolicy=Fail"}},
		},
		"Argo CD that leaves images out": {
			breaks: func(_ *testing.T, w *world) {
				w.team.Annotations = map[string]string{"garboard.dev/resolveOn": "change"}
				for name, rule := range map[string]string{
					"jq":          `jqPathExpressions: [".spec.template.spec.containers[].image"]`,
					"pointers":    "jsonPointers: [/spec/replicas, /spec/template/metadata, /spec/template/spec/containers/0/resources]",
					"containers":  "jsonPointers: [/spec/template/spec/containers]",
					"container":   "jsonPointers: [/spec/template/spec/initContainers/0]",
					"jq-template": `jqPathExpressions: [".spec.jobTemplate.spec.template"]`,
				} {
					w.custom(`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: ` + name + `, namespace: argocd, annotations: {argocd.argoproj.io/compare-options: ServerSideDiff=true}},
						spec: {destination: {namespace: team}, ignoreDifferences: [{kind: Deployment, ` + rule + `}]}}`)
				}
			},
			want: []found{
				{Warning, "gitops", "application/container", "leaves images out of its comparison", "kubectl -n argocd edit application container"},
				{Warning, "gitops", "application/containers", "leaves images out of its comparison", "kubectl -n argocd edit application containers"},
				{Warning, "gitops", "application/jq", "leaves images out of its comparison", "kubectl -n argocd edit application jq"},
				{Warning, "gitops", "application/jq-template", "leaves images out of its comparison", "kubectl -n argocd edit application jq-template"},
			},
		},
		"an Application that turns the dry run of all others off": {
			breaks: func(_ *testing.T, w *world) {
				w.team.Annotations = map[string]string{"garboard.dev/resolveOn": "change"}
				w.more = append(w.more, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: argoParameters, Namespace: "argocd"}, Data: map[string]string{"controller.diff.server.side": "true"}})
				w.custom(`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: shop, namespace: argocd, annotations: {argocd.argoproj.io/compare-options: "IgnoreExtraneous, ServerSideDiff=false, $(reboot)"}},
					spec: {destination: {namespace: team}}}`)
			},
			want: []found{{Failure, "gitops", "application/shop", "without a dry run", "kubectl -n argocd annotate application shop argocd.argoproj.io/compare-options=IgnoreExtraneous,ServerSideDiff=true --overwrite"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.breaks(t, w)
			compare(t, tt.want, w.examine(t, "garboard"))
		})
	}
}
