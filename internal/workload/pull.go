package workload

import (
	"cmp"
)

// What a pull of the template's images takes: the Secrets that a registry is
// asked with, and the platforms that the images have to be built for.

// maxPullSecrets bounds the Secrets that one workload makes us read.
const maxPullSecrets = 16

// PullSecrets returns the names of the pod template's imagePullSecrets, the
// first 16 of them. An item without a usable name is an empty text, since even
// a list of such keeps the ServiceAccount's from being added.
func (o *Object) PullSecrets() []string {
	items, _ := Child(o.template(), "spec")["imagePullSecrets"].([]any)
	items = items[:min(len(items), maxPullSecrets)]
	if len(items) == 0 {
		return nil
	}
	names := make([]string, len(items))
	for i, item := range items {
		reference, _ := item.(map[string]any)
		names[i] = Text(reference["name"])
	}
	return names
}

// ServiceAccountName returns the name of the ServiceAccount that the template's
// Pods run as; empty where the template leaves it to the API server, which then
// takes "default".
func (o *Object) ServiceAccountName() string {
	spec := Child(o.template(), "spec")
	return cmp.Or(Text(spec["serviceAccountName"]), Text(spec["serviceAccount"]))
}
