package workload

import (
	"fmt"
	"slices"
)

// SlotType tells where in a pod template an image stands.
type SlotType int

// The places of images. Ephemeral containers are left alone: they are added
// to running Pods by hand, through a subresource.
const (
	Container SlotType = iota
	InitContainer
	ImageVolume
)

// Slot is one place of a pod template that names an image.
type Slot struct {
	Type SlotType
	// Name is the container's or the volume's name.
	Name string
	// Image is the reference as it is written.
	Image string
	// Path leads from the object to the image's text; its elements are
	// strings and ints.
	Path []any
}

// Key names the slot in record, state and bump: a container's name, or
// volume/NAME, since a volume may have a container's name.
func (s Slot) Key() string {
	if s.Type == ImageVolume {
		return "volume/" + s.Name
	}
	return s.Name
}

// MaxSlots bounds the work one object can ask for.
const MaxSlots = 256

// MaxName is the longest name that the API server takes for a container or a
// volume. Names are matched with patterns before it looks at them.
const MaxName = 63

// Slots returns the places of images of the pod template, in the order in
// which they stand, the first 256 of them: ReadSettings governs no workload
// that has more. Slots without an image, or without a name that can be one, are
// left out. The slice is the object's own.
func (o *Object) Slots() []Slot { return o.slots }

// Beyond is how many slots with an image the pod template has beyond those of Slots.
func (o *Object) Beyond() int { return o.more }

// find looks for the slots, and counts those beyond the bound.
func (o *Object) find() {
	o.slots, o.more = nil, 0
	o.eachSlot(func(slot Slot) {
		switch {
		case slot.Image == "":
		case len(o.slots) == MaxSlots:
			o.more++
		default:
			o.slots = append(o.slots, slot)
		}
	})
}

// Imageless returns the containers and image volumes that name no image, the first
// 256 of them.
func (o *Object) Imageless() []Slot {
	var imageless []Slot
	o.eachSlot(func(slot Slot) {
		if slot.Image == "" && len(imageless) < MaxSlots {
			imageless = append(imageless, slot)
		}
	})
	return imageless
}

// eachSlot calls visit for what has a name, with an image or without.
func (o *Object) eachSlot(visit func(Slot)) {
	spec := Child(o.template(), "spec")
	add := func(kind SlotType, list string, inner ...string) {
		items, _ := spec[list].([]any)
		var above, below []any // of the path, made once for all slots of the list
		for i, item := range items {
			m, _ := item.(map[string]any)
			holder := m
			for _, key := range inner[:len(inner)-1] {
				holder = Child(holder, key)
			}
			name, image := Text(m["name"]), Text(holder[inner[len(inner)-1]])
			if holder == nil || name == "" || len(name) > MaxName { // most volumes hold no image
				continue
			}
			if above == nil {
				above, below = anys(append(slices.Clone(o.Kind.Template), "spec", list)), anys(inner)
			}
			visit(Slot{Type: kind, Name: name, Image: image, Path: slices.Concat(above, []any{i}, below)})
		}
	}
	add(InitContainer, "initContainers", "image")
	add(Container, "containers", "image")
	add(ImageVolume, "volumes", "image", "reference")
}

func anys(keys []string) []any {
	all := make([]any, len(keys))
	for i, key := range keys {
		if step, common := commonSteps[key]; common {
			all[i] = step
			continue
		}
		all[i] = key
	}
	return all
}

// commonSteps are the keys on the way to nearly all images, which then are made once.
var commonSteps = map[string]any{
	"spec": "spec", "template": "template", "jobTemplate": "jobTemplate", "containers": "containers",
	"initContainers": "initContainers", "volumes": "volumes", "image": "image", "reference": "reference",
}

// String names the slot for people.
func (s Slot) String() string {
	switch s.Type {
	case InitContainer:
		return fmt.Sprintf("init container %q", s.Name)
	case ImageVolume:
		return fmt.Sprintf("image volume %q", s.Name)
	default:
		return fmt.Sprintf("container %q", s.Name)
	}
}
