package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/garboard-dev/garboard/internal/printable"
)

// place is where a key stands. The order is the order in which places are
// asked for a setting.
type place int

const (
	onAnnotations place = iota
	onLabels
	onNamespace
	onRelease
)

// entry is one of our keys as it is written somewhere.
type entry struct {
	key, name, value string
	keel             bool
	place            place
	// notText marks a value that is not a string, such as YAML's bare true.
	notText bool
}

// path returns where the entry stands, for messages.
func (e entry) path() *field.Path {
	in := "annotations"
	switch e.place {
	case onLabels:
		in = "labels"
	case onRelease:
		return field.NewPath("keel", e.key)
	}
	return field.NewPath("metadata", in).Key(printable.Escape(e.key, maxShownKey))
}

// ofContainer reports whether the entry is the policy of one container.
func (e entry) ofContainer() bool {
	return strings.HasPrefix(e.name, containerPolicy) && e.name != containerPolicy
}

// isPolicy reports whether the entry is a policy.
func (e entry) isPolicy() bool { return e.name == keyPolicy || e.ofContainer() }

// rank tells which of several entries for one setting counts, the lowest: the
// workload's before the namespace's, that before the Helm release's, Garboard's prefix
// before Keel's, annotations before labels, and Keel's spelling of today before an
// older one.
func (e entry) rank() int {
	r := 0
	switch e.place {
	case onNamespace:
		r += 8
	case onRelease:
		r += 16
	}
	if e.keel {
		r += 4
	}
	if e.place == onLabels {
		r += 2
	}
	if legacy[e.key] {
		r++
	}
	return r
}

// findEntries finds our keys among labels or annotations, sorted, so that faults
// come in a fixed order.
func findEntries(from map[string]any, at place) []entry {
	var found []entry
	for key, value := range from {
		name, keel, ok := settingName(key)
		if !ok || written[key] {
			continue
		}
		e := entry{key: key, name: name, keel: keel, place: at}
		switch value := value.(type) {
		case string:
			e.value = value
		case bool, int64, float64, int:
			e.value, e.notText = fmt.Sprint(value), true
		default: // a map or a list may be of any size
			e.notText = true
		}
		found = append(found, e)
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return found
}
