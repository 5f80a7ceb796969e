package manifests_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/updater/receiver/config"
	"github.com/garboard-dev/garboard/updater/receiver/relay"
)

func TestPushIsReceivedByTheUpdater(t *testing.T) {
	const name = "garboard-push"
	objects := rendered(t, "testdata/push")
	c, d := container(t, objects, updaterName), one[*appsv1.Deployment](t, objects, updaterName)
	settings := one[*corev1.ConfigMap](t, objects, name)
	at := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/etc/garboard/push" })
	if at < 0 || !c.VolumeMounts[at].ReadOnly || c.VolumeMounts[at].SubPath != "" {
		t.Fatalf("mounts: got %+v, want the whole volume of settings, to read alone", c.VolumeMounts)
	}
	// The Secret is needed: a process that starts without it would end at once.
	want := &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}},
		{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}},
	}}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Name == c.VolumeMounts[at].Name {
			if diff := cmp.Diff(want, v.Projected); diff != "" {
				t.Errorf("volume (-want +got):\n%s", diff)
			}
		}
	}
	if _, ok := settings.Data["push.yaml"]; !ok || settings.Namespace != d.Namespace {
		t.Errorf("settings: %v in %q", settings.Data, settings.Namespace)
	}
	service := one[*corev1.Service](t, objects, name)
	if got := port(t, c, service.Spec.Ports[0].TargetPort.StrVal); got != 9300 || service.Spec.Ports[0].Port != 9300 {
		t.Errorf("ports: got %d to %d, want Keel's 9300", service.Spec.Ports[0].Port, got)
	}
	for key, value := range service.Spec.Selector {
		if d.Spec.Template.Labels[key] != value {
			t.Errorf("the Service selects %s=%s, which the Pods are not", key, value)
		}
	}
	// The wait before the end is part of what the Pod is given to end in.
	grace, sleep := int64(30), c.Lifecycle.PreStop.Sleep.Seconds
	if given := d.Spec.Template.Spec.TerminationGracePeriodSeconds; given != nil {
		grace = *given
	}
	if sleep < 1 || sleep > grace/2 {
		t.Errorf("waits %d s before the end, of %d s", sleep, grace)
	}
}

func TestPushAddsItsPortSettingsAndRightAlone(t *testing.T) {
	base, with := install(t), rendered(t, "overlays/push")
	if len(with) != len(base)+4 {
		t.Errorf("got %d objects, want those of the base, %d, with a ConfigMap, a Service, a Role and its binding", len(with), len(base))
	}
	before, after := container(t, base, updaterName), container(t, with, updaterName)
	want := append(slices.Clone(before.Args), "--push-address=:9300", "--push-config=/etc/garboard/push/push.yaml")
	if diff := cmp.Diff(want, after.Args); diff != "" {
		t.Errorf("arguments (-base and push +overlay):\n%s", diff)
	}
	if diff := cmp.Diff(container(t, base, webhookName), container(t, with, webhookName)); diff != "" {
		t.Errorf("the webhook (-base +overlay):\n%s", diff)
	}
	had, added := rights(t, base), []string{}
	for _, line := range rights(t, with) {
		if !slices.Contains(had, line) {
			added = append(added, line)
		}
	}
	wantRights := []string{
		"garboard-updater namespace/garboard configmaps create",
		"garboard-updater namespace/garboard configmaps[" + relay.Name + "] list,watch,patch",
	}
	if diff := cmp.Diff(wantRights, added); diff != "" {
		t.Errorf("rights that are added (-want +got):\n%s", diff)
	}
}

// The settings that are in force until somebody replaces them let nobody in who
// has no secret.
func TestExampleOfPushSettingsIsGoodAndClosed(t *testing.T) {
	text, err := os.ReadFile("components/push/push.yaml")
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "native-token"), []byte(strings.Repeat("x", 32)), 0o600))
	settings, err := config.Parse(path.Join(dir, "push.yaml"), text, nil)
	must(t, err)
	for _, s := range settings.Senders {
		if s.Auth.Unauthenticated {
			t.Errorf("%s lets everybody in", s.Name)
		}
	}
}
