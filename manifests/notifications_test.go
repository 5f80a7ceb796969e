package manifests_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/garboard-dev/garboard/updater/notify"
)

const notificationsFlag = "--notifications-config="

// What the file of the program's own names is where the updater looks for it.
func TestNotificationsAreReadByTheUpdater(t *testing.T) {
	const name = "garboard-notifications"
	objects := rendered(t, "testdata/notifications")
	settings := one[*corev1.ConfigMap](t, objects, name)
	c, d := container(t, objects, updaterName), one[*appsv1.Deployment](t, objects, updaterName)
	if d.Namespace != settings.Namespace {
		t.Errorf("namespaces: the ConfigMap is in %q, the Deployment in %q", settings.Namespace, d.Namespace)
	}
	at := slices.IndexFunc(c.Args, func(arg string) bool { return strings.HasPrefix(arg, notificationsFlag) })
	if at < 0 {
		t.Fatalf("arguments: got %q, want %s", c.Args, notificationsFlag)
	}
	file := strings.TrimPrefix(c.Args[at], notificationsFlag)
	if _, err := notify.Parse(file, []byte(settings.Data[path.Base(file)]), nil); err != nil {
		t.Error(err)
	}
	mounted := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == path.Dir(file) })
	if mounted < 0 {
		t.Fatalf("mounts: got %+v, want %s", c.VolumeMounts, path.Dir(file))
	}
	mount := c.VolumeMounts[mounted]
	if !mount.ReadOnly || mount.SubPath != "" || mount.SubPathExpr != "" {
		t.Errorf("mount: got %+v, want the whole volume, to read alone", mount)
	}
	want := &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}},
		{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Optional: new(true)}},
	}}
	volume := slices.IndexFunc(d.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
	if volume < 0 {
		t.Fatalf("volumes: got none that is named %s", mount.Name)
	}
	if diff := cmp.Diff(want, d.Spec.Template.Spec.Volumes[volume].Projected); diff != "" {
		t.Errorf("volume (-want +got):\n%s", diff)
	}
}

// The right to one object, which is there already and keeps what it has.
func TestNoticesAreKeptInOneConfigMap(t *testing.T) {
	objects := rendered(t, "overlays/notifications")
	role := one[*rbacv1.Role](t, objects, "garboard-updater-notices")
	want := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"garboard-notices"}, Verbs: []string{"get", "patch"}}}
	if diff := cmp.Diff(want, role.Rules); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	if kept := one[*corev1.ConfigMap](t, objects, "garboard-notices"); kept.Data != nil || kept.Namespace != role.Namespace {
		t.Errorf("got data %v in %q, want none, in %q: applying it would erase what waits", kept.Data, kept.Namespace, role.Namespace)
	}
}

func TestNotificationsChangeNothingElse(t *testing.T) {
	base, with := install(t), rendered(t, "overlays/notifications")
	if len(with) != len(base)+4 {
		t.Errorf("got %d objects, want those of the base, %d, two ConfigMaps, and a Role with its binding", len(with), len(base))
	}
	before, after := container(t, base, updaterName), container(t, with, updaterName)
	isOurs := func(arg string) bool { return strings.HasPrefix(arg, notificationsFlag) }
	if diff := cmp.Diff(before.Args, slices.DeleteFunc(after.Args, isOurs)); diff != "" {
		t.Errorf("other arguments (-base +component):\n%s", diff)
	}
	kept := slices.DeleteFunc(after.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == "notifications" })
	if diff := cmp.Diff(before.VolumeMounts, kept, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("other mounts (-base +component):\n%s", diff)
	}
	if diff := cmp.Diff(container(t, base, webhookName), container(t, with, webhookName)); diff != "" {
		t.Errorf("the webhook (-base +component):\n%s", diff)
	}
}
