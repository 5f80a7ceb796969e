package manifests_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/certs"
	"github.com/garboard-dev/garboard/certs/certmanager"
	"github.com/garboard-dev/garboard/webhook"
)

const (
	webhookName = "garboard-webhook"
	updaterName = "garboard-updater"
	image       = "ghcr.io/garboard-dev/garboard:v0.1.0"
)

func TestDeploymentsMeetTheRestrictedPodSecurityStandard(t *testing.T) {
	objects := install(t)
	if got := one[*corev1.Namespace](t, objects, "garboard").Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("enforced standard of the namespace: got %q, want %q", got, "restricted")
	}
	for _, d := range all[*appsv1.Deployment](objects) {
		t.Run(d.Name, func(t *testing.T) {
			spec := d.Spec.Template.Spec
			if spec.HostNetwork || spec.HostPID || spec.HostIPC {
				t.Error("shares a namespace with its node")
			}
			wantPod := &corev1.PodSecurityContext{
				RunAsNonRoot:   new(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			}
			if diff := cmp.Diff(wantPod, spec.SecurityContext); diff != "" {
				t.Errorf("security context of the Pod (-want +got):\n%s", diff)
			}
			want := &corev1.SecurityContext{
				AllowPrivilegeEscalation: new(false),
				ReadOnlyRootFilesystem:   new(true),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			}
			for _, c := range append(slices.Clone(spec.InitContainers), spec.Containers...) {
				if diff := cmp.Diff(want, c.SecurityContext); diff != "" {
					t.Errorf("security context of %q (-want +got):\n%s", c.Name, diff)
				}
			}
			for _, v := range spec.Volumes {
				if v.Secret == nil && v.EmptyDir == nil {
					t.Errorf("volume %q is neither a Secret nor an empty folder", v.Name)
				}
			}
		})
	}
}

func TestDeploymentsRunTheProgram(t *testing.T) {
	objects := install(t)
	tests := map[string]struct {
		args []string
		env  []string
	}{
		webhookName: {
			args: []string{
				"webhook", "--cert-dir=/etc/garboard/tls", "--listen-address=:9443",
				"--metrics-address=:8080", "--health-address=:8081", "--index-snapshot=/var/lib/garboard/index",
			},
			env: []string{"GOMEMLIMIT"},
		},
		updaterName: {
			args: []string{
				"updater", "--metrics-address=:8080", "--health-address=:8081", "--status-address=:8082",
				"--leader-elect-namespace=$(POD_NAMESPACE)", "--index-snapshot=/var/lib/garboard/index",
			},
			env: []string{"POD_NAMESPACE", "GOGC", "GOMEMLIMIT"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spec := one[*appsv1.Deployment](t, objects, name).Spec.Template.Spec
			c := container(t, objects, name)
			if diff := cmp.Diff(tc.args, c.Args); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
			var env []string
			for _, e := range c.Env {
				env = append(env, e.Name)
			}
			if diff := cmp.Diff(tc.env, env); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if c.Image != image || len(c.Command) != 0 {
				t.Errorf("image and command: got %q %q, want %q and the image's own", c.Image, c.Command, image)
			}
			account := one[*corev1.ServiceAccount](t, objects, spec.ServiceAccountName)
			if account.Name != name {
				t.Errorf("account: got %q, want %q", account.Name, name)
			}
			for path, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
				if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || port(t, c, probe.HTTPGet.Port.StrVal) != 8081 {
					t.Errorf("probe of %s on port 8081: got %+v", path, probe)
				}
			}
		})
	}
}

// The root is read-only. The folder is bounded, as an unbounded one can fill the
// disk of a node; and well above what may be written, as whoever exceeds it is
// evicted.
func TestSnapshotHasAFolderOfItsOwn(t *testing.T) {
	objects := install(t)
	for _, name := range []string{webhookName, updaterName} {
		t.Run(name, func(t *testing.T) {
			mounted := ""
			for _, m := range container(t, objects, name).VolumeMounts {
				if m.MountPath == "/var/lib/garboard" && !m.ReadOnly {
					mounted = m.Name
				}
			}
			limit := resource.Quantity{}
			for _, v := range one[*appsv1.Deployment](t, objects, name).Spec.Template.Spec.Volumes {
				if v.Name == mounted && v.EmptyDir != nil && v.EmptyDir.SizeLimit != nil {
					limit = *v.EmptyDir.SizeLimit
				}
			}
			if most := resource.MustParse("128Mi"); limit.Cmp(most) <= 0 || limit.Value() > 1<<30 {
				t.Errorf("the folder is limited to %s, want more than two files of 64 MiB, and a limit", limit.String())
			}
		})
	}
}

func TestResources(t *testing.T) {
	for _, d := range all[*appsv1.Deployment](install(t)) {
		t.Run(d.Name, func(t *testing.T) {
			for _, c := range d.Spec.Template.Spec.Containers {
				if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() {
					t.Errorf("%s: requests: got %v, want CPU and memory", c.Name, c.Resources.Requests)
				}
				if !c.Resources.Limits.Cpu().IsZero() {
					t.Errorf("%s: a CPU limit of %v makes every write slower", c.Name, c.Resources.Limits.Cpu())
				}
				var soft resource.Quantity
				for _, e := range c.Env {
					if e.Name == "GOMEMLIMIT" {
						soft = resource.MustParse(strings.TrimSuffix(e.Value, "B"))
					}
				}
				if hard := c.Resources.Limits.Memory(); soft.IsZero() || soft.Cmp(*hard) >= 0 {
					t.Errorf("%s: GOMEMLIMIT: got %v, want less than the memory limit, %v", c.Name, soft.String(), hard)
				}
			}
		})
	}
}

func TestSelectorsFindTheirPods(t *testing.T) {
	objects := rendered(t, "testdata/networkpolicy")
	selectors := map[string]*metav1.LabelSelector{
		"Service":                  metav1.SetAsLabelSelector(one[*corev1.Service](t, objects, webhookName).Spec.Selector),
		"PodDisruptionBudget":      one[*policyv1.PodDisruptionBudget](t, objects, webhookName).Spec.Selector,
		"NetworkPolicy":            &one[*networkingv1.NetworkPolicy](t, objects, webhookName).Spec.PodSelector,
		"updater's NetworkPolicy":  &one[*networkingv1.NetworkPolicy](t, objects, updaterName).Spec.PodSelector,
		"Deployment":               one[*appsv1.Deployment](t, objects, webhookName).Spec.Selector,
		"updater's Deployment":     one[*appsv1.Deployment](t, objects, updaterName).Spec.Selector,
		"spread by node":           spread(t, objects, webhookName, corev1.LabelHostname),
		"spread by zone":           spread(t, objects, webhookName, corev1.LabelTopologyZone),
		"updater's spread by node": spread(t, objects, updaterName, corev1.LabelHostname),
	}
	for name, selector := range selectors {
		want := webhookName
		if strings.HasPrefix(name, "updater's") {
			want = updaterName
		}
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		must(t, err)
		for _, d := range all[*appsv1.Deployment](objects) {
			if got := parsed.Matches(labels.Set(d.Spec.Template.Labels)); got != (d.Name == want) {
				t.Errorf("%s selects the Pods of %s: got %v, want %v", name, d.Name, got, d.Name == want)
			}
		}
	}
}

func TestWebhookStaysAvailable(t *testing.T) {
	objects := install(t)
	d := one[*appsv1.Deployment](t, objects, webhookName)
	if d.Spec.Replicas == nil || *d.Spec.Replicas < 2 {
		t.Errorf("replicas: got %v, want two at the least", d.Spec.Replicas)
	}
	if got := d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue(); got != 0 {
		t.Errorf("unavailable during a rollout: got %d, want 0", got)
	}
	budget := one[*policyv1.PodDisruptionBudget](t, objects, webhookName).Spec
	if policy := budget.UnhealthyPodEvictionPolicy; budget.MaxUnavailable.IntValue() != 1 || policy == nil || *policy != policyv1.AlwaysAllow {
		t.Errorf("disruption budget: got %+v, want one Pod at a time, and unready ones always", budget)
	}
	one[*schedulingv1.PriorityClass](t, objects, d.Spec.Template.Spec.PriorityClassName)

	sleep := container(t, objects, webhookName).Lifecycle.PreStop.Sleep.Seconds
	delay := int64(webhook.DefaultShutdownDelay.Seconds())
	longest := int64(*one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard").Webhooks[0].TimeoutSeconds)
	const idle = 90 // seconds that the API server keeps a connection that it does not use
	if grace := *d.Spec.Template.Spec.TerminationGracePeriodSeconds; grace <= sleep+delay+idle+longest {
		t.Errorf("grace period: got %d s, want more than the preStop wait (%d s), the shutdown delay (%d s), connections that are kept (%d s) and the longest request (%d s)", grace, sleep, delay, idle, longest)
	}
}

func TestWebhookServesItsCertificate(t *testing.T) {
	objects := install(t)
	c, volumes := container(t, objects, webhookName), one[*appsv1.Deployment](t, objects, webhookName).Spec.Template.Spec.Volumes
	if len(volumes) != len(c.VolumeMounts) || volumes[0].Secret == nil || volumes[0].Name != c.VolumeMounts[0].Name {
		t.Fatalf("volumes: got %+v mounted as %+v, want the Secret's first", volumes, c.VolumeMounts)
	}
	secret, mount := volumes[0].Secret, c.VolumeMounts[0]
	if secret.SecretName != certmanager.ServingSecret || secret.Optional != nil && *secret.Optional {
		t.Errorf("volume: got %+v, want the Secret %q, needed", secret, certmanager.ServingSecret)
	}
	var files []string
	for _, item := range secret.Items {
		files = append(files, item.Path)
	}
	if diff := cmp.Diff([]string{certs.CertFile, certs.KeyFile}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if mount.SubPath != "" || mount.SubPathExpr != "" {
		t.Errorf("mount: got %+v, want the whole volume: the kubelet renews nothing else", mount)
	}
	if !slices.Contains(c.Args, "--cert-dir="+mount.MountPath) {
		t.Errorf("arguments: got %q, want the certificate from %q", c.Args, mount.MountPath)
	}
	service := one[*corev1.Service](t, objects, webhookName).Spec.Ports[0]
	if got := port(t, c, service.TargetPort.StrVal); got != 9443 || service.Port != 443 {
		t.Errorf("ports: got %d to %d, want 443 to 9443", service.Port, got)
	}
}

func container(t *testing.T, objects []client.Object, deployment string) corev1.Container {
	t.Helper()
	containers := one[*appsv1.Deployment](t, objects, deployment).Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("%s: got %d containers, want 1", deployment, len(containers))
	}
	return containers[0]
}

// port returns the number of a container's named port.
func port(t *testing.T, c corev1.Container, name string) int32 {
	t.Helper()
	for _, p := range c.Ports {
		if p.Name == name {
			return p.ContainerPort
		}
	}
	t.Fatalf("%s: no port %q", c.Name, name)
	return 0
}

func spread(t *testing.T, objects []client.Object, deployment, key string) *metav1.LabelSelector {
	t.Helper()
	for _, c := range one[*appsv1.Deployment](t, objects, deployment).Spec.Template.Spec.TopologySpreadConstraints {
		if c.TopologyKey == key && c.WhenUnsatisfiable == corev1.ScheduleAnyway {
			return c.LabelSelector
		}
	}
	t.Fatalf("%s: no preferred spread by %q", deployment, key)
	return nil
}
