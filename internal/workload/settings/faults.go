package settings

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Fault is a key or value that cannot be used.
type Fault struct {
	// Path leads to the value, Key is the key it stands under.
	Path *field.Path
	Key  string
	// Value is what was given, Detail what is wrong and what is allowed.
	Value, Detail string
	// Container names the container whose own policy is at fault; empty
	// otherwise.
	Container string
	// PassedOver is true where the key counts as not being there, as Keel has it, and
	// the rest is governed: it is told when it comes, and never refused.
	PassedOver bool
	// Keel is true for Keel's keys, Namespace for the namespace's defaults,
	// Release for the values of a Helm release.
	Keel, Namespace, Release bool

	onLabels bool
}

// Bounds on what is said: keys and values may be as long as a request, a
// detail quotes them, and there may be thousands.
const (
	maxShownKey   = 100
	maxShownValue = 80
	maxQuoted     = 120
	maxDetail     = 400
	maxFaults     = 64
	maxPassedOver = 32 // of the faults
)

// Error returns the fault as an API error, on one line and of a bounded length.
func (f Fault) Error() *field.Error {
	// The API's error quotes the value, and so escapes it.
	return field.Invalid(f.Path, printable.Cut(f.Value, maxShownValue), f.Detail)
}

// Same reports whether two objects carry the same fault in the same place.
func (f Fault) Same(other Fault) bool {
	return f.Key == other.Key && f.Namespace == other.Namespace && f.Release == other.Release && f.Value == other.Value &&
		f.Path.String() == other.Path.String()
}

// Had reports whether the settings, which are those of the stored workload, have
// a fault of the workload as it is now. Where they have more faults than are
// told, each counts as had whose key has the same value in both.
func (s *Settings) Had(f Fault, stored, now *workload.Object) bool {
	if slices.ContainsFunc(s.Faults, f.Same) {
		return true
	}
	if len(s.Faults) < maxFaults || f.Namespace {
		return false
	}
	was, is := stored.Annotations(), now.Annotations()
	if f.onLabels {
		was, is = stored.Labels(), now.Labels()
	}
	value, ok := was[f.Key].(string)
	return ok && value == workload.Text(is[f.Key])
}

// pass notes an entry that is passed over. Those leave room for faults that are not.
func (r *reader) pass(e entry, detail string) {
	if r.told++; r.told <= maxPassedOver {
		f := faultOf(e, "", e.value, detail)
		f.PassedOver = true
		r.settings.tell(f)
	}
}

// add notes a fault once: a companion of several policies is found bad with
// each of them. The first faults are told; by the time they are put right, the
// others have their turn.
func (r *reader) add(e entry, container, value, detail string) {
	if len(r.settings.Faults) < maxFaults {
		r.settings.tell(faultOf(e, container, value, detail))
	}
}

func faultOf(e entry, container, value, detail string) Fault {
	if detail == unknownKey {
		detail = unknownFault(e)
	}
	return Fault{
		Path: e.path(), Key: e.key, Value: value, Detail: printable.Replace(detail, maxDetail),
		Container: container, Keel: e.keel, Namespace: e.place == onNamespace, Release: e.place == onRelease,
		onLabels: e.place == onLabels,
	}
}

func (s *Settings) tell(f Fault) {
	told := func(had Fault) bool { return had.Same(f) && had.Detail == f.Detail }
	if len(s.Faults) < maxFaults && !slices.ContainsFunc(s.Faults, told) {
		s.Faults = append(s.Faults, f)
	}
}
