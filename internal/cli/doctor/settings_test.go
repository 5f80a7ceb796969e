package doctor

import (
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// withPush has the updater receive pushes, as components/push does.
func withPush(w *world) {
	pod := &w.updater.Spec.Template.Spec
	pod.Containers[0].Args = append(pod.Containers[0].Args, "--push-address=:9300", "--push-config=/etc/garboard/push/push.yaml")
	pod.Containers[0].VolumeMounts = append(pod.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "push", MountPath: "/etc/garboard/push"})
	named := corev1.LocalObjectReference{Name: "garboard-push"}
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: "push", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named}}, {Secret: &corev1.SecretProjection{LocalObjectReference: named}},
	}}}})
}

func own(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: "garboard"} }

func received(w *world) {
	w.more = append(w.more,
		&corev1.ConfigMap{ObjectMeta: own("garboard-push"), Data: map[string]string{"push.yaml": "x"}},
		&corev1.Secret{ObjectMeta: own("garboard-push")},
		&corev1.Service{ObjectMeta: own("garboard-push")},
		&discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "garboard", Labels: map[string]string{discoveryv1.LabelServiceName: "garboard-push"}},
			Endpoints:  []discoveryv1.Endpoint{{}},
		},
		&corev1.ConfigMap{ObjectMeta: own("garboard-pushes"), Data: map[string]string{"a": "b"}})
}

func TestDoctorLooksForSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		breaks func(w *world)
		want   []found
	}{
		"pushes that arrive": {breaks: received},
		"nothing of what push takes": {
			breaks: func(*world) {},
			want: []found{
				{Failure, "settings", "configmap/garboard-push", "is not there", "docs/push.md"},
				{Failure, "settings", "secret/garboard-push", "is not there", "kubectl -n garboard create secret generic garboard-push"},
				{Failure, "settings", "service/garboard-push", "is not there", "install.yaml"},
			},
		},
		"a ConfigMap without the file, and a Service that leads nowhere": {
			breaks: func(w *world) {
				received(w)
				for _, object := range w.more {
					switch o := object.(type) {
					case *corev1.ConfigMap:
						o.Data = map[string]string{"push.yml": "x"}
					case *discoveryv1.EndpointSlice:
						if o.Name == "p" {
							o.Endpoints = nil
						}
					}
				}
			},
			want: []found{
				{Failure, "settings", "configmap/garboard-push", `has no key "push.yaml"`, "kubectl -n garboard edit configmap garboard-push"},
				{Failure, "settings", "service/garboard-push", "leads to no Pod that is ready", "describe pods"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			withPush(w)
			tt.breaks(w)
			compare(t, tt.want, w.examine(t, "garboard"))
		})
	}
}

// What rewrites images beside Garboard is told, and no fault.
func TestDoctorNotesWhatElseRewrites(t *testing.T) {
	w := newWorld(t)
	for name, resource := range map[string]string{"kyverno": "pods", "aaa-mirror": "pods", "secrets-injector": "secrets"} {
		w.more = append(w.more, &admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "hook." + name, Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{resource}},
			}}}},
		})
	}
	w.custom(`{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicy, metadata: {name: mirror}, spec: {mutations: [{jsonPatch: {expression: "object.spec.containers[0].image"}}]}}`)
	w.custom(`{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicy, metadata: {name: labels}, spec: {}}`)
	report := w.examine(t, "garboard")
	compare(t, nil, report)
	var notes []string
	for _, f := range report.Findings {
		if f.Check == "order" {
			notes = append(notes, f.Object)
		}
	}
	if got, want := strings.Join(notes, " "), "mutatingadmissionpolicy/mirror mutatingwebhookconfiguration/kyverno"; got != want {
		t.Errorf("it notes %q, want %q", got, want)
	}
}

func TestReportForPeople(t *testing.T) {
	report := &Report{Findings: []Finding{
		{Check: "kubernetes", Severity: OK, Message: "v1.37"},
		{Check: "leases", Severity: Failure, Object: "lease/x", Message: "no leader\x1b[2J", Why: "nothing moves", Mend: "kubectl get lease"},
	}}
	const failed = "failure   leases   lease/x: no leader\\x1b[2J\n" +
		"                     why:  nothing moves\n" +
		"                     mend: kubectl get lease\n" +
		"1 failure, 0 warnings, 0 not looked at, 0 notes\n"
	if got := reportText(report, true); got != failed {
		t.Errorf("got\n%s\nwant\n%s", got, failed)
	}
	if got := reportText(report, false); !strings.HasPrefix(got, "ok        kubernetes   v1.37\n") {
		t.Errorf("got\n%s", got)
	}
}
