package workload

// OurKeys returns the entries of labels or annotations that are Garboard's or
// Keel's settings, the record and bump, and those that name a Helm release. The
// state is left out: it is admission's alone.
func OurKeys(from map[string]any) map[string]any {
	kept := map[string]any{}
	for key, value := range from {
		if IsKey(key) && key != AnnotationState || helmKeys[key] {
			kept[key] = value
		}
	}
	return kept
}

// ImagesOnly returns a pod spec that has the object's image slots and what bears
// on pulling them: the pull secrets and ServiceAccount that a registry is asked
// with, and the constraints that tell on which nodes the Pods may run.
func (o *Object) ImagesOnly() map[string]any {
	spec := o.pulling()
	for _, slot := range o.Slots() {
		list, item := "containers", map[string]any{"name": slot.Name, "image": slot.Image}
		switch slot.Type {
		case InitContainer:
			list = "initContainers"
		case ImageVolume:
			list, item["image"] = "volumes", map[string]any{"reference": slot.Image}
		}
		items, _ := spec[list].([]any)
		spec[list] = append(items, item)
	}
	return spec
}

// pulling keeps what is there alone: most templates have none of it.
func (o *Object) pulling() map[string]any {
	full, kept := Child(o.template(), "spec"), map[string]any{}
	if names := o.PullSecrets(); len(names) > 0 {
		references := make([]any, len(names))
		for i, name := range names {
			references[i] = map[string]any{"name": name}
		}
		kept["imagePullSecrets"] = references
	}
	if account := o.ServiceAccountName(); account != "" {
		kept["serviceAccountName"] = account
	}
	if selector := Child(full, "nodeSelector"); len(selector) > 0 {
		kept["nodeSelector"] = selector
	}
	if tolerations, _ := full["tolerations"].([]any); len(tolerations) > 0 {
		kept["tolerations"] = tolerations
	}
	if required := Child(Child(Child(full, "affinity"), "nodeAffinity"), requiredAffinity); len(required) > 0 {
		kept["affinity"] = map[string]any{"nodeAffinity": map[string]any{requiredAffinity: required}}
	}
	return kept
}

// requiredAffinity are the terms that a node must fulfil; those that are only
// preferred keep a Pod from no node.
const requiredAffinity = "requiredDuringSchedulingIgnoredDuringExecution"
