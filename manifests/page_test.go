package manifests_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	pageName  = "garboard-page"
	pageImage = "ghcr.io/garboard-dev/garboard-page:v0.1.0"
)

// The page adds objects of its own, and changes nothing that was there: with it come no
// rights but those of the people whom an overlay names.
func TestPageAddsItsOwnObjectsAlone(t *testing.T) {
	base, with := install(t), rendered(t, "overlays/page")
	if len(with) != len(base)+5 {
		t.Errorf("got %d objects, want those of the base, %d, with an account, a certificate, a Service, a NetworkPolicy and a Deployment", len(with), len(base))
	}
	for _, name := range []string{webhookName, updaterName} {
		if diff := cmp.Diff(container(t, base, name), container(t, with, name)); diff != "" {
			t.Errorf("%s (-base +overlay):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(rights(t, base), rights(t, with)); diff != "" {
		t.Errorf("rights (-base +overlay):\n%s", diff)
	}
	had, added := rights(t, base), []string{}
	for _, line := range rights(t, rendered(t, "testdata/page")) {
		if !slices.Contains(had, line) {
			added = append(added, line)
		}
	}
	want := []string{"garboard-page cluster users[ann@example.com,bob@example.com] impersonate", "garboard-page cluster groups[shop-team] impersonate"}
	slices.Sort(added)
	slices.Sort(want)
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("rights of the page with people (-want +got):\n%s", diff)
	}
}

func TestPageRunsAsTheOthersDo(t *testing.T) {
	objects := rendered(t, "testdata/page")
	d, updater := one[*appsv1.Deployment](t, objects, pageName), one[*appsv1.Deployment](t, objects, updaterName)
	c := container(t, objects, pageName)
	if diff := cmp.Diff(updater.Spec.Template.Spec.SecurityContext, d.Spec.Template.Spec.SecurityContext); diff != "" {
		t.Errorf("security of the Pod (-updater +page):\n%s", diff)
	}
	if diff := cmp.Diff(container(t, objects, updaterName).SecurityContext, c.SecurityContext); diff != "" {
		t.Errorf("security of the container (-updater +page):\n%s", diff)
	}
	if c.Image != pageImage || len(c.Command) != 0 {
		t.Errorf("image and command: %q %q", c.Image, c.Command)
	}
	want := []string{
		"page-server", "--cert-dir=/etc/garboard/tls", "--listen-address=:9443", "--metrics-address=:8080", "--health-address=:8081",
		"--allowed-groups=shop-team", "--public-hosts=garboard.example.com", "--client-ca-file=/etc/garboard/page/client-ca.crt",
	}
	if diff := cmp.Diff(want, c.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	for path, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || port(t, c, probe.HTTPGet.Port.StrVal) != 8081 {
			t.Errorf("probe of %s on port 8081: got %+v", path, probe)
		}
	}
	if c.Resources.Limits.Memory().IsZero() || !c.Resources.Limits.Cpu().IsZero() {
		t.Errorf("limits: %v, want one of memory alone", c.Resources.Limits)
	}
	if account := one[*corev1.ServiceAccount](t, objects, d.Spec.Template.Spec.ServiceAccountName); account.Name != pageName {
		t.Errorf("account: %q", account.Name)
	}
	if *d.Spec.Replicas != 1 {
		t.Errorf("%d replicas: a session is in the memory of one", *d.Spec.Replicas)
	}
}

func TestPageIsReachedAndServesItsCertificate(t *testing.T) {
	objects := rendered(t, "testdata/page")
	d, c := one[*appsv1.Deployment](t, objects, pageName), container(t, objects, pageName)
	service := one[*corev1.Service](t, objects, pageName)
	if got := port(t, c, service.Spec.Ports[0].TargetPort.StrVal); got != 9443 || service.Spec.Ports[0].Port != 443 {
		t.Errorf("ports: got %d to %d, want 443 to 9443", service.Spec.Ports[0].Port, got)
	}
	policy := one[*networkingv1.NetworkPolicy](t, objects, pageName).Spec
	for what, selector := range map[string]*metav1.LabelSelector{
		"Service": metav1.SetAsLabelSelector(service.Spec.Selector), "NetworkPolicy": &policy.PodSelector, "Deployment": d.Spec.Selector,
	} {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		must(t, err)
		for _, other := range all[*appsv1.Deployment](objects) {
			if got := parsed.Matches(labels.Set(other.Spec.Template.Labels)); got != (other.Name == pageName) {
				t.Errorf("%s selects the Pods of %s: %t", what, other.Name, got)
			}
		}
	}
	var ports []string
	for _, rule := range policy.Ingress {
		ports = append(ports, rule.Ports[0].Port.String())
	}
	if diff := cmp.Diff([]string{"https", "metrics"}, ports); diff != "" {
		t.Errorf("open ports (-want +got):\n%s", diff)
	}
	secret := d.Spec.Template.Spec.Volumes[0].Secret
	mine, webhooks := one[*cmv1.Certificate](t, objects, pageName).Spec, one[*cmv1.Certificate](t, objects, webhookName).Spec
	if secret == nil || secret.SecretName != mine.SecretName || c.VolumeMounts[0].Name != d.Spec.Template.Spec.Volumes[0].Name || !slices.Contains(c.Args, "--cert-dir="+c.VolumeMounts[0].MountPath) {
		t.Errorf("certificate: Secret %q, mounted as %+v", mine.SecretName, c.VolumeMounts)
	}
	for i := range webhooks.DNSNames {
		webhooks.DNSNames[i] = strings.Replace(webhooks.DNSNames[i], webhookName, pageName, 1)
	}
	webhooks.SecretName = mine.SecretName
	if diff := cmp.Diff(webhooks, mine); diff != "" {
		t.Errorf("certificate, but for its names (-webhook +page):\n%s", diff)
	}
}

// What is copied from the example is what is tested.
func TestExampleOfPeopleIsTheOneThatIsRendered(t *testing.T) {
	want, err := os.ReadFile("../examples/page-people.yaml")
	must(t, err)
	for _, folder := range []string{"page", "all"} {
		got, err := os.ReadFile("testdata/" + folder + "/people.yaml")
		must(t, err)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("testdata/%s/people.yaml (-example +got):\n%s", folder, diff)
		}
	}
}

// Values that people copy from the documentation are taken by the chart, and set what it
// says that they do.
func TestDocumentedValuesOfThePageAreGood(t *testing.T) {
	text, err := os.ReadFile("../docs/page.md")
	must(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(page:.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 3 {
		t.Fatalf("%d blocks of values were found, want one for each way to sign in", len(blocks))
	}
	for _, block := range blocks {
		objects := decode(t, []byte(template(t, block[1])))
		args := container(t, objects, pageName).Args
		if !slices.Contains(args, "--public-hosts=garboard.example.com") || !slices.Contains(args, "--allowed-groups=shop-team") {
			t.Errorf("arguments %q of\n%s", args, block[1])
		}
		role := one[*rbacv1.ClusterRole](t, objects, "garboard-page-people")
		for _, rule := range role.Rules {
			if len(rule.ResourceNames) == 0 {
				t.Errorf("the page may be all %v with\n%s", rule.Resources, block[1])
			}
		}
	}
}
