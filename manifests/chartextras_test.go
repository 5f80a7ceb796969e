package manifests_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

const extraValues = `
image: {repository: registry.corp/garboard, digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000", pullPolicy: Always}
imagePullSecrets: [corp]
commonLabels: {team: platform, app.kubernetes.io/name: mine}
commonAnnotations: {owner: platform}
admission: {timeoutSeconds: 10, excludedNamespaces: [flux-system]}
pullSecrets: {clusterWide: false, namespaces: [shop, blog]}
registries: {private: [registry.corp, 10.0.0.0/8]}
webhook:
  replicas: 3
  args: [--log-level=debug]
  env: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
  goMemoryLimit: 460MiB
  resources: {limits: {memory: 512Mi}, requests: {cpu: 1}}
  priorityClass: {create: false, name: system-cluster-critical}
  podDisruptionBudget: {enabled: false}
  serviceAccount: {annotations: {iam: webhook}}
  podLabels: {mesh: "false", app.kubernetes.io/component: mine}
  podAnnotations: {scrape: "true"}
  nodeSelector: {pool: system}
  tolerations: [{key: system, operator: Exists}]
  affinity: {nodeAffinity: {}}
  topologySpreadConstraints: [{maxSkew: 2, topologyKey: rack, whenUnsatisfiable: DoNotSchedule}]
  volumes: [{name: ca, configMap: {name: ca}}]
  volumeMounts: [{name: ca, mountPath: /ca}]
`

// What a person adds comes where it belongs, and takes nothing else away.
func TestChartTakesExtras(t *testing.T) {
	objects := decode(t, []byte(template(t, extraValues)))
	webhook := one[*appsv1.Deployment](t, objects, webhookName)
	pod := webhook.Spec.Template
	c := pod.Spec.Containers[0]
	memory := c.Resources.Limits.Memory().String() + " " + c.Resources.Requests.Memory().String()
	for what, is := range map[string][2]any{
		"replicas":        {int32(3), *webhook.Spec.Replicas},
		"image":           {"registry.corp/garboard@sha256:0000000000000000000000000000000000000000000000000000000000000000", c.Image},
		"pull policy":     {corev1.PullAlways, c.ImagePullPolicy},
		"pull secrets":    {[]corev1.LocalObjectReference{{Name: "corp"}}, pod.Spec.ImagePullSecrets},
		"pod labels":      {map[string]string{"app.kubernetes.io/name": "garboard", "app.kubernetes.io/component": "webhook", "mesh": "false", "team": "platform"}, pod.Labels},
		"pod annotations": {map[string]string{"scrape": "true", "owner": "platform"}, pod.Annotations},
		"last arguments":  {[]string{"--private-registries=registry.corp,10.0.0.0/8", "--log-level=debug"}, c.Args[len(c.Args)-2:]},
		"environment":     {[]corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "460MiB"}, {Name: "HTTPS_PROXY", Value: "http://proxy:3128"}}, c.Env},
		"memory":          {"512Mi 128Mi", memory},
		"priority":        {"system-cluster-critical", pod.Spec.PriorityClassName},
		"node selector":   {map[string]string{"pool": "system"}, pod.Spec.NodeSelector},
		"tolerations":     {[]corev1.Toleration{{Key: "system", Operator: corev1.TolerationOpExists}}, pod.Spec.Tolerations},
		"spread":          {"rack", pod.Spec.TopologySpreadConstraints[0].TopologyKey},
		"last mount":      {corev1.VolumeMount{Name: "ca", MountPath: "/ca"}, c.VolumeMounts[len(c.VolumeMounts)-1]},
		"grace":           {int64(125), *pod.Spec.TerminationGracePeriodSeconds},
		"own label":       {"garboard", webhook.Labels["app.kubernetes.io/name"]},
		"common label":    {"platform", webhook.Labels["team"]},
		"account":         {map[string]string{"iam": "webhook", "owner": "platform"}, one[*corev1.ServiceAccount](t, objects, webhookName).Annotations},
		"budgets":         {0, len(all[*policyv1.PodDisruptionBudget](objects))},
		"classes":         {0, len(all[*schedulingv1.PriorityClass](objects))},
	} {
		if diff := cmp.Diff(is[0], is[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	mutating := one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard").Webhooks[0]
	if got := mutating.NamespaceSelector.MatchExpressions[0].Values; !slices.Contains(got, "flux-system") || *mutating.TimeoutSeconds != 10 {
		t.Errorf("passes over %q, waits %d s", got, *mutating.TimeoutSeconds)
	}
}

// Where pull secrets are narrowed, no binding is left that grants all.
func TestChartNarrowsPullSecrets(t *testing.T) {
	objects := decode(t, []byte(template(t, extraValues)))
	for _, binding := range all[*rbacv1.ClusterRoleBinding](objects) {
		if binding.RoleRef.Name == "garboard-pull-secrets" {
			t.Error("they are still granted in the whole cluster")
		}
	}
	var where []string
	for _, binding := range all[*rbacv1.RoleBinding](objects) {
		if binding.RoleRef.Name == "garboard-pull-secrets" {
			where = append(where, binding.Namespace)
		}
	}
	if diff := cmp.Diff([]string{"shop", "blog"}, where); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
}

func TestChartOpensPortsThatAreNamed(t *testing.T) {
	objects := decode(t, []byte(template(t, portsValues)))
	var ports []string
	for _, rule := range one[*networkingv1.NetworkPolicy](t, objects, updaterName).Spec.Ingress {
		ports = append(ports, rule.Ports[0].Port.String())
	}
	if diff := cmp.Diff([]string{"metrics", "status", "push"}, ports); diff != "" {
		t.Errorf("the updater's ports (-want +got):\n%s", diff)
	}
	if peers := one[*networkingv1.NetworkPolicy](t, objects, webhookName).Spec.Ingress[0].From; len(peers) != 2 || peers[1].IPBlock.CIDR != "2001:db8::/32" {
		t.Errorf("who may ask the webhook: %v", peers)
	}
}

// All that the chart can render has fields that Kubernetes knows.
func TestChartHasNoUnknownFields(t *testing.T) {
	if objects := decode(t, []byte(template(t, everythingValues))); len(objects) < len(install(t)) {
		t.Errorf("%d objects", len(objects))
	}
}

// helm test looks, and may not write.
func TestChartsTestOnlyReads(t *testing.T) {
	objects := decode(t, []byte(template(t, "")))
	rules := slices.Concat(one[*rbacv1.ClusterRole](t, objects, testName).Rules, one[*rbacv1.Role](t, objects, testName).Rules)
	for _, rule := range rules {
		for _, verb := range rule.Verbs {
			if verb != "get" && verb != "list" && rule.Resources[0] != "subjectaccessreviews" {
				t.Errorf("may %s %v", verb, rule.Resources)
			}
		}
	}
	if pod := one[*corev1.Pod](t, objects, testName); pod.Annotations["helm.sh/hook"] != "test" || pod.Spec.Containers[0].Args[0] != "doctor" {
		t.Errorf("the Pod: %v %v", pod.Annotations, pod.Spec.Containers[0].Args)
	}
}

const testName = "garboard-test"
