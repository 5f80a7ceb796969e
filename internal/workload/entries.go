package workload

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// place is where a key stands. The order is the order in which places are
// asked for a setting.
type place int

const (
	onAnnotations place = iota
	onLabels
	onNamespace
)

// entry is one of our keys as it is written somewhere.
type entry struct {
	key, name, value string
	keel             bool
	place            place
}

// path returns where the entry stands, for messages.
func (e entry) path() *field.Path {
	if e.place == onLabels {
		return field.NewPath("metadata", "labels").Key(e.key)
	}
	return field.NewPath("metadata", "annotations").Key(e.key)
}

// before tells which of two entries for one setting counts: the workload's
// before the namespace's, Keelson's prefix before Keel's, annotations before
// labels.
func (e entry) before(other entry) bool {
	rank := func(e entry) int {
		r := 0
		if e.place == onNamespace {
			r += 4
		}
		if e.keel {
			r += 2
		}
		if e.place == onLabels {
			r++
		}
		return r
	}
	return rank(e) < rank(other)
}

// entries finds our keys among labels or annotations, sorted, so that faults
// come in a fixed order.
func entries(from map[string]any, at place) []entry {
	var found []entry
	for key, value := range from {
		name, keel, ok := settingName(key)
		if !ok || written[key] {
			continue
		}
		found = append(found, entry{key: key, name: name, value: text(value), keel: keel, place: at})
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return found
}

// effective picks the entry that counts for each setting.
func effective(all []entry) map[string]entry {
	chosen := map[string]entry{}
	for _, e := range all {
		if had, ok := chosen[e.name]; !ok || e.before(had) {
			chosen[e.name] = e
		}
	}
	return chosen
}

// names returns the chosen settings' names in a fixed order.
func names(chosen map[string]entry) []string { return slices.Sorted(maps.Keys(chosen)) }
