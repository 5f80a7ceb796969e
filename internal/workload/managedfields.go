package workload

import "encoding/json"

// maxManagers bounds the managed fields that are looked into. The API server keeps
// ten updaters beside the appliers
// (k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go).
const maxManagers = 64

// owner is one manager of fields.
type owner struct{ manager, operation string }

// AppliedBy reports whether the request that submits the object is a server-side
// apply by the manager whose manifest names the image of the slot as it is stored. The
// request says neither. But the API server computes the managed fields before
// admission: who applies the value that is there shares it with whoever wrote it,
// where any other value is taken from them (Kubernetes' documentation, Server-Side
// Apply). Somebody who applied it before, or whose fields a tool rewrites
// (k8s.io/client-go/util/csaupgrade), tells nothing new. A manifest with Garboard's
// state in it was read from the cluster, and says what ran then.
func (o *Object) AppliedBy(manager string, stored *Object, slot Slot) bool {
	applier := owner{manager, "Apply"}
	now := o.owners()
	if !ownsImage(now[applier], slot) || ownsAnnotation(now[applier], nil, AnnotationState) {
		return false
	}
	before := stored.owners()
	if ownsImage(before[applier], slot) {
		return false
	}
	for who, fields := range before {
		if who != applier && ownsImage(fields, slot) && ownsImage(now[who], slot) {
			return true
		}
	}
	return false
}

// owners are the managed fields, those of subresources excepted; none where there are
// more than anybody has.
func (o *Object) owners() map[owner]map[string]any {
	entries, _ := o.metadata()["managedFields"].([]any)
	if len(entries) > maxManagers {
		return nil
	}
	found := make(map[owner]map[string]any, len(entries))
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok && text(entry["subresource"]) == "" {
			found[owner{text(entry["manager"]), text(entry["operation"])}] = child(entry, "fieldsV1")
		}
	}
	return found
}

// ownsAnnotation looks at the object under a path, such as its pod template.
func ownsAnnotation(fields map[string]any, under []string, key string) bool {
	for _, step := range under {
		fields = child(fields, "f:"+step)
	}
	_, owns := child(child(fields, "f:metadata"), "f:annotations")["f:"+key]
	return owns
}

// ownsImage walks from the object to the image. A list that is replaced as a whole,
// as those of custom kinds are, is owned as a whole.
func ownsImage(fields map[string]any, slot Slot) bool {
	for _, step := range slot.Path {
		key := ""
		switch step := step.(type) {
		case string:
			key = "f:" + step
		case int: // both containers and volumes go by their name
			name, err := json.Marshal(map[string]string{"name": slot.Name})
			if err != nil {
				return false
			}
			key = "k:" + string(name)
		}
		next, ok := fields[key].(map[string]any)
		if !ok {
			return false
		}
		if len(next) == 0 {
			return true
		}
		fields = next
	}
	return true
}
