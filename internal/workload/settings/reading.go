package settings

import (
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// reading is the reading of one object's settings. All that it compiles is of one
// budget.
type reading struct {
	patterns *policy.Compiler
	// self is the workload that the settings are of.
	self Upstream
	// ended is an error once the caller has left.
	ended func() error
	// tooMany are the faults of places with more keys than are read.
	tooMany []Fault
	// monitor is the last choice of containers, with the names that it was matched
	// with: the images of a release share it.
	monitor *matcher
}

// entries are the keys of one place, none of them where there are more than are read.
func (g *reading) entries(from map[string]any, at place) []entry {
	found := findEntries(from, at)
	if len(found) <= maxEntries {
		return found
	}
	in := "annotations"
	if at == onLabels {
		in = "labels"
	}
	foreign := func(e entry) bool { return !e.keel }
	g.tooMany = append(g.tooMany, Fault{
		Path: field.NewPath("metadata", in), Value: fmt.Sprintf("%d settings", len(found)),
		Detail: fmt.Sprintf("too many; allowed: at most %d", maxEntries),
		Keel:   !slices.ContainsFunc(found, foreign), Namespace: at == onNamespace, onLabels: at == onLabels,
	})
	return nil
}

// read makes settings of all entries that bear on an object.
func (g *reading) read(o *workload.Object, all []entry) *Settings {
	r := &reader{
		reading: g, settings: &Settings{containers: map[string]*policy.Policy{}, holds: record.HoldsOf(o)},
		passed: map[entry]string{}, details: map[string]string{},
	}
	s := r.settings
	s.rule = Rule{
		Trigger: TriggerPoll, ScheduleText: DefaultSchedule,
		ResolveOn: ResolveOnApply, OnUnresolvable: Keep,
	}
	s.skipped = o.Labels()[workload.LabelSkip] == "true"
	for _, f := range g.tooMany {
		s.broken, s.chosen = true, true
		s.tell(f)
	}
	r.choose(all)
	_, governing := r.governing()
	s.chosen = s.chosen || governing
	r.check(all)
	r.checkSlots(o)
	r.read(o)
	return s
}

// matcher matches names, those of an object once.
type matcher struct {
	re    *regexp.Regexp
	names map[string]bool
}

// matching returns the matcher of a pattern for an object's slots.
func (g *reading) matching(re *regexp.Regexp, o *workload.Object) *matcher {
	if g.monitor != nil && g.monitor.re == re {
		return g.monitor
	}
	g.monitor = &matcher{re: re, names: make(map[string]bool, len(o.Slots()))}
	for _, slot := range o.Slots() {
		if _, known := g.monitor.names[slot.Name]; !known {
			g.monitor.names[slot.Name] = re.MatchString(slot.Name)
		}
	}
	return g.monitor
}

func (m *matcher) matches(name string) bool {
	matched, known := m.names[name]
	if !known {
		return m.re.MatchString(name)
	}
	return matched
}
