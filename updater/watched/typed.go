package watched

import (
	"cmp"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/updater/rollout"
)

// typedFor returns an object of the type that Kubernetes has for one of its own kinds; nil
// for others. The API server sends these as protobuf, which takes a fraction of the time
// to read that JSON does.
func typedFor(kind schema.GroupVersionKind) client.Object {
	switch kind {
	case appsv1.SchemeGroupVersion.WithKind("Deployment"):
		return &appsv1.Deployment{}
	case appsv1.SchemeGroupVersion.WithKind("StatefulSet"):
		return &appsv1.StatefulSet{}
	case appsv1.SchemeGroupVersion.WithKind("DaemonSet"):
		return &appsv1.DaemonSet{}
	case batchv1.SchemeGroupVersion.WithKind("CronJob"):
		return &batchv1.CronJob{}
	default:
		return nil
	}
}

// reduce returns what is read of a workload as decoded JSON: of an object of typedFor its
// metadata, the images of its pod template and what bears on pulling them, and what tells
// of a rollout. ok is false for other types.
func reduce(typed any) (o *unstructured.Unstructured, ok bool, err error) {
	r := reducer{}
	switch typed := typed.(type) {
	case *appsv1.Deployment:
		spec := map[string]any{"template": r.template(&typed.Spec.Template)}
		putInteger(spec, "replicas", typed.Spec.Replicas)
		putInteger(spec, "progressDeadlineSeconds", typed.Spec.ProgressDeadlineSeconds)
		if typed.Spec.Paused {
			spec["paused"] = true
		}
		o = r.object("apps/v1", "Deployment", &typed.ObjectMeta, spec, &typed.Status)
	case *appsv1.StatefulSet:
		spec := map[string]any{"template": r.template(&typed.Spec.Template), "updateStrategy": r.convert(&typed.Spec.UpdateStrategy)}
		putInteger(spec, "replicas", typed.Spec.Replicas)
		o = r.object("apps/v1", "StatefulSet", &typed.ObjectMeta, spec, &typed.Status)
	case *appsv1.DaemonSet:
		spec := map[string]any{"template": r.template(&typed.Spec.Template), "updateStrategy": r.convert(&typed.Spec.UpdateStrategy)}
		o = r.object("apps/v1", "DaemonSet", &typed.ObjectMeta, spec, &typed.Status)
	case *batchv1.CronJob:
		job := map[string]any{"template": r.template(&typed.Spec.JobTemplate.Spec.Template)}
		o = r.object("batch/v1", "CronJob", &typed.ObjectMeta, map[string]any{"jobTemplate": map[string]any{"spec": job}}, nil)
	default:
		return nil, false, nil
	}
	return o, true, r.err
}

// reducer keeps the first error. What every workload has it makes by hand: the converter of
// apimachinery takes several times as long.
type reducer struct{ err error }

func (r *reducer) convert(value any) map[string]any {
	converted, err := runtime.DefaultUnstructuredConverter.ToUnstructured(value)
	if err != nil && r.err == nil {
		r.err = err
	}
	return converted
}

func (r *reducer) object(apiVersion, kind string, metadata *metav1.ObjectMeta, spec map[string]any, status any) *unstructured.Unstructured {
	root := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": r.metadata(metadata), "spec": spec}
	if status != nil {
		root["status"] = r.convert(status)
	}
	rollout.CondenseTyped(root, metadata.ManagedFields)
	return &unstructured.Unstructured{Object: root}
}

func (r *reducer) metadata(full *metav1.ObjectMeta) map[string]any {
	few := map[string]any{"name": full.Name, "namespace": full.Namespace, "uid": string(full.UID), "resourceVersion": full.ResourceVersion}
	putTexts(few, "labels", full.Labels)
	putTexts(few, "annotations", full.Annotations)
	if full.Generation != 0 {
		few["generation"] = full.Generation
	}
	if full.DeletionTimestamp != nil {
		few["deletionTimestamp"] = full.DeletionTimestamp.UTC().Format(time.RFC3339)
	}
	owners := make([]any, 0, len(full.OwnerReferences))
	for i := range full.OwnerReferences {
		owners = append(owners, r.convert(&full.OwnerReferences[i]))
	}
	putList(few, "ownerReferences", owners)
	return few
}

func (r *reducer) template(full *corev1.PodTemplateSpec) map[string]any {
	metadata, spec := map[string]any{}, map[string]any{}
	putTexts(metadata, "labels", full.Labels)
	putTexts(metadata, "annotations", full.Annotations)
	putList(spec, "containers", imagesOf(full.Spec.Containers))
	putList(spec, "initContainers", imagesOf(full.Spec.InitContainers))
	var volumes []any // few of them hold an image
	secrets, tolerations := make([]any, 0, len(full.Spec.ImagePullSecrets)), make([]any, 0, len(full.Spec.Tolerations))
	for i := range full.Spec.Volumes {
		if v := &full.Spec.Volumes[i]; v.Image != nil {
			volumes = append(volumes, map[string]any{"name": v.Name, "image": map[string]any{"reference": v.Image.Reference}})
		}
	}
	for _, secret := range full.Spec.ImagePullSecrets {
		secrets = append(secrets, map[string]any{"name": secret.Name})
	}
	for i := range full.Spec.Tolerations {
		tolerations = append(tolerations, r.convert(&full.Spec.Tolerations[i]))
	}
	putList(spec, "volumes", volumes)
	putList(spec, "imagePullSecrets", secrets)
	putList(spec, "tolerations", tolerations)
	putTexts(spec, "nodeSelector", full.Spec.NodeSelector)
	if account := cmp.Or(full.Spec.ServiceAccountName, full.Spec.DeprecatedServiceAccount); account != "" {
		spec["serviceAccountName"] = account
	}
	if affinity := full.Spec.Affinity; affinity != nil && affinity.NodeAffinity != nil {
		spec["affinity"] = map[string]any{"nodeAffinity": r.convert(affinity.NodeAffinity)}
	}
	return map[string]any{"metadata": metadata, "spec": spec}
}

func imagesOf(full []corev1.Container) []any {
	few := make([]any, len(full))
	for i := range full {
		few[i] = map[string]any{"name": full[i].Name, "image": full[i].Image}
	}
	return few
}

func putInteger(into map[string]any, field string, value *int32) {
	if value != nil {
		into[field] = int64(*value)
	}
}

func putList(into map[string]any, field string, items []any) {
	if len(items) > 0 {
		into[field] = items
	}
}

func putTexts(into map[string]any, field string, texts map[string]string) {
	if len(texts) == 0 {
		return
	}
	values := make(map[string]any, len(texts))
	for key, value := range texts {
		values[key] = value
	}
	into[field] = values
}
