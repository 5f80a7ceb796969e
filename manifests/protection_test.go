package manifests_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload"
)

// The label is the one that the program knows, and namespaces cannot carry it:
// that would be a way out of their own webhook that nobody documents.
func TestEscapeLabelLeavesObjectsAlone(t *testing.T) {
	objects := rendered(t, "testdata/escape-label")
	want := wantScope(admissionregistrationv1.Fail)
	want.Objects = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: workload.LabelSkip, Operator: metav1.LabelSelectorOpNotIn, Values: []string{"true"},
	}}}
	mutating := one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard").Webhooks
	validating := one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, objects, "garboard").Webhooks
	if len(mutating) != 1 || len(validating) != 2 {
		t.Fatalf("got %d and %d webhooks, want 1 and 2", len(mutating), len(validating))
	}
	if diff := cmp.Diff(want, mutateScope(mutating[0])); diff != "" {
		t.Errorf("mutating scope (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, validateScope(validating[0])); diff != "" {
		t.Errorf("validating scope (-want +got):\n%s", diff)
	}
	if got := validating[1].ObjectSelector; got != nil {
		t.Errorf("selector of the webhook for namespaces: got %v, want none", got)
	}
}

func TestClientCAIsMounted(t *testing.T) {
	objects := rendered(t, "testdata/client-ca")
	c := container(t, objects, webhookName)
	at := slices.IndexFunc(c.Args, func(arg string) bool { return strings.HasPrefix(arg, "--client-ca-file=") })
	if at < 0 {
		t.Fatalf("arguments: got %q, want a client CA", c.Args)
	}
	file := strings.TrimPrefix(c.Args[at], "--client-ca-file=")
	at = slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == path.Dir(file) })
	if at < 0 {
		t.Fatalf("mounts: got %+v, want the folder of %q", c.VolumeMounts, file)
	}
	mount := c.VolumeMounts[at]
	if !mount.ReadOnly || mount.SubPath != "" || mount.SubPathExpr != "" {
		t.Errorf("mount: got %+v, want the whole volume, to read alone", mount)
	}
	volumes := one[*appsv1.Deployment](t, objects, webhookName).Spec.Template.Spec.Volumes
	at = slices.IndexFunc(volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
	want := &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "garboard-client-ca"}}
	if at < 0 || !cmp.Equal(want, volumes[at].ConfigMap) || path.Base(file) != "ca.crt" {
		t.Errorf("%q of the volumes %+v: want ca.crt of the ConfigMap garboard-client-ca, needed", file, volumes)
	}
	base := container(t, install(t), webhookName)
	if len(c.Args) != len(base.Args)+1 || len(c.VolumeMounts) != len(base.VolumeMounts)+1 {
		t.Errorf("arguments %q and mounts %+v: want those of the base and one more of each", c.Args, c.VolumeMounts)
	}
}
