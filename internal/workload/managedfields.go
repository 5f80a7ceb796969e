package workload

import (
	"encoding/json"
	"maps"
)

// maxManagers bounds the managed fields that are looked into. The API server keeps
// ten updaters beside the appliers
// (k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go).
const maxManagers = 64

// owner is one manager of fields.
type owner struct{ manager, operation string }

// AppliedBy reports whether the request that submits the object is a server-side
// apply by the manager whose manifest names the image of the slot as it is stored. The
// request says neither. But the API server computes the managed fields before
// admission: an applier of the value that is there shares it with its writer,
// where any other value is taken from them (Kubernetes' documentation, Server-Side
// Apply). A manager that applied it before, or whose fields a tool rewrites
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

// LeavesImage reports whether the request that submits the object has not written the
// image of the slot, by the managed fields: who owns it has owned it since the same
// time. What is another image all the same was rewritten on the way.
func (o *Object) LeavesImage(stored *Object, slot Slot) bool {
	now, before := o.writers(slot), stored.writers(slot)
	return len(now) > 0 && maps.Equal(now, before)
}

// ImageWriter is the manager by whom the request that submits the object has written the
// image of the slot, by the managed fields; empty where they do not tell. Who writes another
// image takes it from all others. For a request without a field manager it is the first word of
// the User-Agent (k8s.io/apiserver/pkg/endpoints/handlers/create.go, managerOrUserAgent).
func (o *Object) ImageWriter(stored *Object, slot Slot) string {
	now := o.writers(slot)
	if len(now) != 1 || maps.Equal(now, stored.writers(slot)) {
		return ""
	}
	for who := range now {
		if who.operation == "Update" {
			return who.manager
		}
	}
	return ""
}

// writers are who owns an image, with the time of the entry.
func (o *Object) writers(slot Slot) map[owner]string {
	found := map[owner]string{}
	o.eachOwner(func(who owner, entry map[string]any) {
		if ownsImage(Child(entry, "fieldsV1"), slot) {
			found[who] = Text(entry["time"])
		}
	})
	return found
}

// owners are the managed fields, those of subresources excepted; none where there are
// more than any object has.
func (o *Object) owners() map[owner]map[string]any {
	found := map[owner]map[string]any{}
	o.eachOwner(func(who owner, entry map[string]any) { found[who] = Child(entry, "fieldsV1") })
	return found
}

// managedFields returns the entries of the managed fields.
func (o *Object) managedFields() []any {
	fields := o.metadata()["managedFields"]
	if o.managed != nil {
		fields = o.managed()
	}
	entries, _ := fields.([]any)
	return entries
}

func (o *Object) eachOwner(do func(who owner, entry map[string]any)) {
	entries := o.managedFields()
	if len(entries) > maxManagers {
		return
	}
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok && Text(entry["subresource"]) == "" {
			do(owner{Text(entry["manager"]), Text(entry["operation"])}, entry)
		}
	}
}

// ownsAnnotation looks at the object under a path, such as its pod template.
func ownsAnnotation(fields map[string]any, under []string, key string) bool {
	for _, step := range under {
		fields = Child(fields, "f:"+step)
	}
	_, owns := Child(Child(fields, "f:metadata"), "f:annotations")["f:"+key]
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
