package doctor

import (
	"context"
	"fmt"
	"path"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	pushService = "garboard-push"
	pushesName  = "garboard-pushes" // what was received last
)

// settings looks for the files that both programs are told to read, and whether what
// they are for is there.
func (d *Doctor) settings(ctx context.Context) []Finding {
	findings := d.file(ctx, d.found.webhook, "registries-config", "docs/registries-config.md")
	findings = append(findings, d.file(ctx, d.found.updater, "registries-config", "docs/registries-config.md")...)
	findings = append(findings, d.file(ctx, d.found.updater, "notifications-config", "docs/notifications.md")...)
	counted, _ := d.readCounts(ctx) // registries has told the error
	findings = append(findings, d.notInForce(counted)...)
	if _, on := flagValue(d.found.updater, "notifications-config"); on {
		findings = append(findings, d.notices(counted)...)
	}
	if _, on := flagValue(d.found.updater, "push-config"); !on {
		return findings
	}
	findings = append(findings, d.file(ctx, d.found.updater, "push-config", "docs/push.md")...)
	findings = append(findings, d.unproven(counted)...)
	return append(findings, d.receiver(ctx)...)
}

// file looks for a settings file of a Deployment: the ConfigMap and the Secret of the
// volume that is mounted at its folder.
func (d *Doctor) file(ctx context.Context, deployment *appsv1.Deployment, flagName, page string) []Finding {
	at, given := flagValue(deployment, flagName)
	if !given || deployment == nil {
		return nil
	}
	volume := volumeAt(deployment, path.Dir(at))
	if volume == nil || volume.Projected == nil {
		return []Finding{{Severity: Unknown, Object: "deployment/" + deployment.Name, Message: fmt.Sprintf("could not be looked at: --%s=%s is in no volume of ConfigMap and Secret", flagName, at)}}
	}
	var findings []Finding
	for _, source := range volume.Projected.Sources {
		switch {
		case source.ConfigMap != nil:
			findings = append(findings, d.configMap(ctx, source.ConfigMap.Name, path.Base(at), page)...)
		case source.Secret != nil && !ptr.Deref(source.Secret.Optional, false):
			findings = append(findings, d.secret(ctx, source.Secret.Name, page)...)
		}
	}
	return findings
}

func volumeAt(deployment *appsv1.Deployment, folder string) *corev1.Volume {
	pod := &deployment.Spec.Template.Spec
	for _, mount := range pod.Containers[0].VolumeMounts {
		for i := range pod.Volumes {
			if mount.MountPath == folder && pod.Volumes[i].Name == mount.Name {
				return &pod.Volumes[i]
			}
		}
	}
	return nil
}

const waits = "A Pod that starts waits for it; one that runs keeps what it had."

func (d *Doctor) configMap(ctx context.Context, name, key, page string) []Finding {
	object := "configmap/" + name
	found, err := d.Kube.CoreV1().ConfigMaps(d.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return []Finding{{Severity: Failure, Object: object, Message: "is not there", Why: waits, Mend: d.reinstall() + " (" + page + ")"}}
	case err != nil:
		return []Finding{unknownFinding(object, err)}
	case found.Data[key] == "":
		return []Finding{{
			Severity: Failure, Object: object, Message: fmt.Sprintf("has no key %q", key), Why: waits,
			Mend: fmt.Sprintf("kubectl -n %s edit configmap %s (%s)", d.Namespace, name, page),
		}}
	}
	return nil
}

func (d *Doctor) secret(ctx context.Context, name, page string) []Finding {
	object := "secret/" + name
	_, err := d.Kube.CoreV1().Secrets(d.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return []Finding{{
			Severity: Failure, Object: object, Message: "is not there", Why: waits,
			Mend: fmt.Sprintf("kubectl -n %s create secret generic %s --from-file=KEY=FILE (%s)", d.Namespace, name, page),
		}}
	case err != nil:
		return []Finding{unknownFinding(object, err)}
	}
	return nil
}

// receiver looks whether push notifications can arrive, and have.
func (d *Doctor) receiver(ctx context.Context) []Finding {
	object := "service/" + pushService
	fault := d.endpoints(ctx, pushService, Finding{
		Severity: Failure, Object: object, Message: "leads to no Pod that is ready", Why: "No registry reaches the updater: images move by polls alone.",
		Mend: fmt.Sprintf("kubectl -n %s describe pods -l app.kubernetes.io/component=updater", d.Namespace),
	})
	if fault != nil {
		return fault
	}
	pushed, err := d.Kube.CoreV1().ConfigMaps(d.Namespace).Get(ctx, pushesName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && len(pushed.Data) == 0 {
		return []Finding{{
			Severity: Note, Object: object, Message: "no push was received in the last while", Why: "Until one is, images move by polls alone.",
			Mend: "push an image, or have your registry send a test (docs/push.md)",
		}}
	}
	if err != nil {
		return []Finding{unknownFinding("configmap/"+pushesName, err)}
	}
	return []Finding{okFinding(object, "pushes to %d repositories were received lately", len(pushed.Data))}
}

func anyReady(all []discoveryv1.EndpointSlice) bool {
	for i := range all {
		for _, e := range all[i].Endpoints {
			if ptr.Deref(e.Conditions.Ready, true) {
				return true
			}
		}
	}
	return false
}
