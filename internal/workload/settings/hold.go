package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// BadHold reports whether a fault is in the hold, so that it is not known what
// is held.
func (s *Settings) BadHold() bool {
	return slices.ContainsFunc(s.Faults, func(f Fault) bool { return f.Key == workload.AnnotationHold })
}

// checkHold is strict where ParseRecord passes over what it cannot read: a hold
// that is not understood would be none.
func checkHold(e entry) string {
	const allowed = `allowed: container=tag, comma-separated, such as "web=1.2.8"`
	if e.keel || e.place != onAnnotations {
		return "allowed: as the annotation " + workload.AnnotationHold + " of a workload"
	}
	if len(e.value) > record.MaxRecord {
		return fmt.Sprintf("%d bytes; allowed: at most %d", len(e.value), record.MaxRecord)
	}
	for held := range strings.SplitSeq(e.value, ",") {
		container, version, _ := strings.Cut(held, "=")
		result, ok := record.ParseResult(strings.TrimSpace(version))
		if strings.TrimSpace(container) == "" || !ok || result.Tag == "" {
			return fmt.Sprintf("%q is no hold; %s", printable.Escape(held, maxShownKey), allowed)
		}
	}
	return ""
}
