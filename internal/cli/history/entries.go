package history

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// placed is an entry with its place in time.
type placed struct {
	Entry
	at time.Time
}

// collectEntries puts the results of all containers and the Events together.
func collectEntries(o *workload.Object, events []corev1.Event) []Entry {
	moves := movesOf(events)
	all := make([]placed, 0, len(events))
	for _, container := range containersOf(o) {
		all = append(all, resultsOf(o, container, moves)...)
	}
	for _, event := range events {
		all = append(all, unmatchedEvents(o, event, moves)...)
	}
	// Stable: what has one time keeps the order of its container.
	slices.SortStableFunc(all, func(a, b placed) int { return b.at.Compare(a.at) })
	found := make([]Entry, 0, len(all))
	for _, p := range all {
		if p.Image != "" || !slices.ContainsFunc(found, p.repeats) {
			found = append(found, p.Entry)
		}
	}
	return found
}

// repeats reports whether a later Event said the same: one that comes again after
// some minutes is another object.
func (p placed) repeats(later Entry) bool {
	return later.Image == "" && later.Container == p.Container && later.Why == p.Why
}

// containersOf are those that run, in their order, and those that only the state
// knows.
func containersOf(o *workload.Object) []string {
	var names []string
	state := record.StateOf(o)
	for _, slot := range o.Slots() {
		if _, ok := state[slot.Key()]; ok {
			names = append(names, slot.Key())
		}
	}
	gone := make([]string, 0, len(state))
	for name := range state {
		if !slices.Contains(names, name) {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	return append(names, gone...)
}

// resultsOf are a container's, newest first.
func resultsOf(o *workload.Object, container string, moves []*move) []placed {
	past := record.StateOf(o)[container].Results
	var found []placed
	last := len(past) - 1
	runs := o.ImageOf(container)
	if runs != "" && (last < 0 || !isResult(runs, past[last])) {
		found = append(found, placed{Entry: Entry{
			Container: container, Image: runs, By: ByWriter, Why: "written past admission", Running: true,
		}})
	}
	for i := last; i >= 0; i-- {
		e := Entry{Container: container, Image: image(past[i]), Source: past[i].From, Running: i == last && isResult(runs, past[i])}
		if m := moveTo(moves, container, past[:i+1]); m != nil {
			m.used = true
			e.Time, e.By, e.Why = &metav1.Time{Time: m.at}, ByUpdater, m.why()
		} else {
			e.By, e.Why = tellResult(past[:i+1], record.HoldsOf(o)[container])
		}
		found = append(found, placed{Entry: e})
	}
	place(found)
	return found
}

// place gives what has no time that of the one before it in history, which is
// the earliest that it can have.
func place(newestFirst []placed) {
	var at time.Time
	for i := len(newestFirst) - 1; i >= 0; i-- {
		if known := newestFirst[i].Time; known != nil {
			at = known.Time
		}
		newestFirst[i].at = at
	}
}

// tellResult says what the results up to the last one tell of it without an Event.
func tellResult(past []record.Past, held record.Result) (by, why string) {
	this := past[len(past)-1]
	if source, err := resolver.ParseReference(this.From); err == nil && isResult(this.From, this) {
		return ByWriter, "as the manifest names it"
	} else if len(past) == 1 && err == nil {
		return ByAdmission, "in place of " + record.Named(source).String()
	}
	if len(past) == 1 {
		return ByAdmission, ""
	}
	before := past[len(past)-2]
	again := slices.ContainsFunc(past[:len(past)-1], func(p record.Past) bool { return p.Result == this.Result && p.Repository == this.Repository })
	switch {
	case again && before.Result != this.Result && held.Tag != "" && held.String() == before.Result:
		return ByWriter, "went back; " + before.Result + " is held"
	case again && before.Result != this.Result:
		return ByAdmission, "an earlier one again, after " + before.Result
	default:
		return ByAdmission, "after " + before.Result
	}
}

// unmatchedEvents are the Events that no result accounts for: those about no move, and
// moves that the state no longer has.
func unmatchedEvents(o *workload.Object, event corev1.Event, moves []*move) []placed {
	var found []placed
	mine := slices.DeleteFunc(slices.Clone(moves), func(m *move) bool { return m.uid != event.UID })
	for _, m := range mine {
		if !m.used {
			found = append(found, placed{at: m.at, Entry: Entry{
				Time: &metav1.Time{Time: m.at}, Container: m.container, Image: m.to, By: ByUpdater, Why: m.why(),
			}})
		}
	}
	if len(mine) > 0 {
		return found
	}
	container, note := subject(o, event.Message)
	at := lastSeen(event)
	return append(found, placed{at: at, Entry: Entry{
		Time: &metav1.Time{Time: at}, Container: container, By: ByUpdater, Why: event.Reason + ": " + note,
	}})
}

// subject parts the container from a note that begins with one.
func subject(o *workload.Object, note string) (container, rest string) {
	first, rest, ok := strings.Cut(note, ": ")
	if _, known := record.StateOf(o)[first]; ok && (known || o.ImageOf(first) != "") {
		return first, rest
	}
	return "", note
}

// image is a result as a whole reference.
func image(p record.Past) string {
	if p.Repository == "" || p.Result == "" {
		return p.Result
	}
	separator := ":"
	if strings.HasPrefix(p.Result, "@") {
		separator = ""
	}
	return p.Repository + separator + p.Result
}

// isResult reports whether an image as it is written is a result, as far as both tell.
func isResult(written string, p record.Past) bool {
	reference, err := resolver.ParseReference(written)
	result, ok := record.ParseResult(p.Result)
	if at, stored, known := p.StoredAs(); known && err == nil && at == reference.Repository.String() && p.Stored != "" {
		return stored.Agrees(record.Result{Tag: reference.Tag, Digest: reference.Digest})
	}
	if err != nil || !ok || reference.Repository.String() != p.Repository {
		return false
	}
	if reference.Tag == "" && reference.Digest != "" {
		return result.Digest == reference.Digest
	}
	return result.Agrees(record.Named(reference))
}
