package settings

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Stray is a policy of a container that the workload does not have. It is no
// fault: nothing is governed wrongly by it, and what it names may come later.
type Stray struct {
	// Path leads to the policy, Container is what it names.
	Path      *field.Path
	Container string
	// Meant is the container or image volume that it may be meant for; empty
	// where none has a name like it.
	Meant string
}

// String tells of the stray on one line of a bounded length.
func (s Stray) String() string {
	return fmt.Sprintf("%s: %snothing here is named %q", s.Path, didYouMean(s.Meant), printable.Escape(s.Container, workload.MaxName))
}

// maxStrays bounds how many are looked for: each is compared with every name.
const maxStrays = 10

// Strays returns the policies on a workload that name no container and no image
// volume of it, the first 10 of them. The namespace's defaults are for many
// workloads, and are not looked at.
func Strays(o *workload.Object) []Stray {
	if o.Beyond() > 0 {
		return nil // not all names are known
	}
	named := make([]string, len(o.Slots()))
	for i := range o.Slots() {
		named[i] = o.Slots()[i].Name
	}
	var strays []Stray
	for _, e := range slices.Concat(findEntries(o.Annotations(), onAnnotations), findEntries(o.Labels(), onLabels)) {
		container := e.name[min(len(containerPolicy), len(e.name)):]
		if !e.ofContainer() || slices.Contains(named, container) {
			continue
		}
		if len(strays) == maxStrays {
			break
		}
		strays = append(strays, Stray{Path: e.path(), Container: container, Meant: spelling.Nearest(container, named)})
	}
	return strays
}

// Unmonitored tells that monitorContainers of a workload chooses none of its containers, so
// that nothing is governed; empty where it chooses one. A namespace's default is for many
// workloads, and is not looked at.
func (s *Settings) Unmonitored(o *workload.Object) string {
	at := s.monitorAt
	if s.monitor == nil || at.place != onAnnotations && at.place != onLabels || o.Beyond() > 0 || s.standard == nil && len(s.containers) == 0 {
		return ""
	}
	if slices.ContainsFunc(o.Slots(), func(slot workload.Slot) bool { return s.monitor.matches(slot.Name) }) {
		return ""
	}
	wayOut := ""
	if strings.Contains(at.value, ",") {
		wayOut = `; names are divided by "|"`
	}
	return fmt.Sprintf("%s: %q matches no container here, so that none is governed%s", at.path(), printable.Escape(at.value, maxShownValue), wayOut)
}
