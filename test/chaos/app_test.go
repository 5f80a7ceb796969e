package chaos

import (
	"encoding/json"
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How an app's manifest reaches the cluster, one way for its whole life.
type style int

const (
	clientSide style = iota // kubectl apply
	serverSide              // as Flux does
	replaced                // kubectl replace: a PUT
	styles
)

// app is what one writer knows of its Deployment: all that it wrote and that was
// acknowledged.
type app struct {
	name  string
	image string // without the tag
	style style

	source   int // the manifest's tag is 1.2.source
	label    int // counted up by label
	applied  int // counted up by each apply of the manifest
	env      int // counted up by kubectl set env; an undo brings an older one back
	replicas int32
}

// differs says what of the app is not stored; empty for nothing.
func (a *app) differs(d *appsv1.Deployment) string {
	for what, pair := range map[string][2]int{
		"label":         {a.label, number(d.Labels["label"])},
		"applied":       {a.applied, number(d.Labels["applied"])},
		"env":           {a.env, envOf(d.Spec.Template)},
		"spec.replicas": {int(a.replicas), int(*d.Spec.Replicas)},
	} {
		if pair[0] != pair[1] {
			return fmt.Sprintf("%s: %s is %d, and %d was acknowledged", a.name, what, pair[1], pair[0])
		}
	}
	return ""
}

// manifest is what the writer's Git has: no replicas, env or label, which others
// set; all of them for a PUT.
func (a *app) manifest() []byte {
	labels := map[string]string{"applied": strconv.Itoa(a.applied), "source": strconv.Itoa(a.source)}
	container := map[string]any{"name": "web", "image": a.image + ":1.2." + strconv.Itoa(a.source)}
	spec := map[string]any{
		"selector": map[string]any{"matchLabels": map[string]string{"app": a.name}},
		"template": map[string]any{
			"metadata": map[string]any{"labels": map[string]string{"app": a.name}},
			"spec":     map[string]any{"containers": []any{container}},
		},
	}
	if a.style == replaced {
		labels["label"] = strconv.Itoa(a.label)
		container["env"] = []corev1.EnvVar{{Name: "N", Value: strconv.Itoa(a.env)}}
		spec["replicas"] = a.replicas
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{
			"name": a.name, "labels": labels,
			"annotations": map[string]string{"garboard.dev/policy": "patch", "garboard.dev/pollSchedule": "@every 2s"},
		},
		"spec": spec,
	})
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return text
}

func (a *app) object() *appsv1.Deployment {
	d := &appsv1.Deployment{}
	if err := json.Unmarshal(a.manifest(), d); err != nil {
		panic(err)
	}
	d.TypeMeta = metav1.TypeMeta{}
	return d
}

// envOf is the env N of the first container; 0 without one.
func envOf(template corev1.PodTemplateSpec) int {
	for _, e := range template.Spec.Containers[0].Env {
		if e.Name == "N" {
			return number(e.Value)
		}
	}
	return 0
}

// number reads a counter; 0 where there is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
