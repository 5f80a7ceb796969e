package manifests_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

const registriesFlag = "--registries-config="

func TestRegistriesConfigIsReadByBoth(t *testing.T) {
	const name = "garboard-registries"
	objects := rendered(t, "testdata/registries-config")
	settings := one[*corev1.ConfigMap](t, objects, name)
	want := &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}},
		{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Optional: new(true)}},
	}}
	for _, deployment := range []string{webhookName, updaterName} {
		t.Run(deployment, func(t *testing.T) {
			c, d := container(t, objects, deployment), one[*appsv1.Deployment](t, objects, deployment)
			if d.Namespace != settings.Namespace {
				t.Errorf("namespaces: the ConfigMap is in %q, the Deployment in %q", settings.Namespace, d.Namespace)
			}
			at := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/etc/garboard/registries" })
			if at < 0 {
				t.Fatalf("mounts: got %+v, want the settings", c.VolumeMounts)
			}
			mount := c.VolumeMounts[at]
			if !mount.ReadOnly || mount.SubPath != "" || mount.SubPathExpr != "" {
				t.Errorf("mount: got %+v, want the whole volume, to read alone", mount)
			}
			var volume corev1.Volume
			for _, v := range d.Spec.Template.Spec.Volumes {
				if v.Name == mount.Name {
					volume = v
				}
			}
			if diff := cmp.Diff(want, volume.Projected); diff != "" {
				t.Errorf("volume (-want +got):\n%s", diff)
			}
			var files []string
			for _, arg := range c.Args {
				if file, ok := strings.CutPrefix(arg, registriesFlag); ok {
					files = append(files, file)
				}
			}
			if len(files) != 1 || path.Dir(files[0]) != mount.MountPath {
				t.Fatalf("settings files: got %q, want one in %q", files, mount.MountPath)
			}
			if _, err := config.Parse(files[0], []byte(settings.Data[path.Base(files[0])]), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// All else is the base, and its certificate is still there.
func TestRegistriesConfigChangesNothingElse(t *testing.T) {
	base, with := install(t), rendered(t, "testdata/registries-config")
	if len(with) != len(base)+1 {
		t.Errorf("got %d objects, want those of the base, %d, and the ConfigMap", len(with), len(base))
	}
	for _, deployment := range []string{webhookName, updaterName} {
		before, after := container(t, base, deployment), container(t, with, deployment)
		isOurs := func(arg string) bool { return strings.HasPrefix(arg, registriesFlag) }
		if diff := cmp.Diff(before.Args, slices.DeleteFunc(after.Args, isOurs)); diff != "" {
			t.Errorf("%s: other arguments (-base +component):\n%s", deployment, diff)
		}
		kept := slices.DeleteFunc(after.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == "registries" })
		if diff := cmp.Diff(before.VolumeMounts, kept, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: other mounts (-base +component):\n%s", deployment, diff)
		}
	}
}

func TestExampleOfRegistriesConfigIsGood(t *testing.T) {
	const file = "components/registries-config/registries.yaml"
	text, err := os.ReadFile(file)
	must(t, err)
	settings, err := config.Parse(file, text, nil)
	must(t, err)
	if len(settings.Allow)+len(settings.Deny) > 0 {
		t.Error("the example allows or denies something: it is in force until somebody replaces it")
	}
}
