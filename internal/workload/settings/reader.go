package settings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// maxPolicies bounds the policies of single containers that are compiled. The
// annotations of an object have room for thousands.
const maxPolicies = 256

// reader collects settings and faults of one set of entries.
type reader struct {
	*reading
	settings *Settings
	// chosen are the entries that count, by the names of their settings, and details
	// what is wrong with them; passed are those that are passed over, and why.
	chosen           map[string]entry
	details          map[string]string
	passed           map[entry]string
	told             int // of those that are passed over
	strays           int // keys of the namespace that are no settings
	exclude, variant []string
}

// choose picks the entry that counts for each setting, and compiles what is needed to
// tell. It does so in a fixed order, since all patterns have one budget.
func (r *reader) choose(all []entry) {
	r.chosen = make(map[string]entry, len(all))
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.rank(), b.rank())) })
	for from, to := 0, 0; from < len(all); from = to {
		if r.ended() != nil {
			return
		}
		for to = from; to < len(all) && all[to].name == all[from].name; {
			to++
		}
		r.chooseOf(all[from:to])
	}
}

// chooseOf picks among the entries for one setting, the first of which counts if it can.
func (r *reader) chooseOf(ranked []entry) {
	for _, e := range ranked {
		detail := r.fault(e)
		over := ""
		if !r.patterns.Exhausted() {
			over = passedOver(e, detail)
			if r.noSetting(e) {
				over = detail
			}
		}
		if over == "" {
			r.chosen[e.name] = e
			if detail != "" {
				r.details[e.name] = detail
			}
			return
		}
		r.passed[e] = over
		if optedIn[e.name] {
			e.value, e.notText = "false", false
			r.chosen[e.name] = e
			return
		}
	}
}

// fault tells what is wrong with an entry.
func (r *reader) fault(e entry) string {
	if e.name == keyMonitorContainers && !e.notText && e.value != "" {
		if _, err := r.patterns.Compile(e.value); err != nil {
			return err.Error()
		}
	}
	return cmp.Or(entryFault(e), r.namesItself(e))
}

// check notes what is wrong with the entries by themselves.
func (r *reader) check(all []entry) {
	for _, e := range all {
		if detail, passed := r.passed[e]; passed {
			r.pass(e, detail)
			continue
		}
		if !bearsOnAll(e, r.chosen) {
			continue
		}
		if detail := cmp.Or(r.details[e.name], entryFault(e)); detail != "" {
			r.add(e, "", e.value, detail)
			r.settings.broken = true
		}
	}
}

// read takes the effective entries, each known to be good or reported by
// check.
func (r *reader) read(o *workload.Object) {
	s := r.settings
	if v, ok := r.good(keyMonitorContainers); ok && v != "" {
		if re, err := r.patterns.Compile(v); err == nil {
			s.monitor, s.monitorAt = r.matching(re, o), r.chosen[keyMonitorContainers]
		}
	}
	s.skipInit = r.boolean(keyInitContainers) == no
	s.skipVolume = r.boolean(keyImageVolumes) == no
	for _, text := range [...]struct {
		name string
		into *string
	}{
		{keyPin, &s.rule.Pin}, {keyResolveOn, &s.rule.ResolveOn}, {keyOnUnresolvable, &s.rule.OnUnresolvable},
		{keyPollSchedule, &s.rule.ScheduleText}, {keyImagePullSecret, &s.rule.ImagePullSecret},
	} {
		if v, ok := r.good(text.name); ok {
			*text.into = v
		}
	}
	// Keel's other values mean Keel's default, which with us is the poll.
	if v, ok := r.good(keyTrigger); ok && v == TriggerPush {
		s.rule.Trigger = TriggerPush
	}
	s.rule.Schedule, _ = ParseSchedule(s.rule.ScheduleText)
	if v, ok := r.good(keyPlatforms); ok {
		s.rule.Platforms, _ = parsePlatforms(v)
	}
	r.readGates()
	r.exclude, r.variant = r.globs(keyExclude), r.globs(keyVariant)
	r.readPolicies()
}

// globs reads a comma-separated list.
func (r *reader) globs(name string) []string {
	list, ok := r.good(name)
	if !ok || list == "" {
		return nil
	}
	globs := strings.Split(list, ",")
	for i := range globs {
		globs[i] = strings.TrimSpace(globs[i])
	}
	return globs
}

func (r *reader) readPolicies() {
	s := r.settings
	// One fault of the budget is enough, and each try costs.
	defer func() { s.broken = s.broken || r.patterns.Exhausted() }()
	for _, name := range workload.SortedKeys(r.chosen) {
		e := r.chosen[name]
		if !e.ofContainer() {
			continue
		}
		if r.patterns.Exhausted() || r.ended() != nil {
			return
		}
		if len(s.containers) == maxPolicies {
			r.add(e, "", e.value, fmt.Sprintf("too many policies; allowed: at most %d of single containers", maxPolicies))
			s.broken = true
			break
		}
		container := strings.TrimPrefix(name, containerPolicy)
		s.containers[container] = r.policy(e, container)
	}
	switch e, ok := r.chosen[keyPolicy]; {
	case r.patterns.Exhausted():
	case ok:
		s.standard = r.policy(e, "")
	case len(s.containers) == 0:
		r.readCompanions()
	}
}

// readCompanions reports the faults of a policy's companions where there is no
// policy: a bad value is one before it is used. Whether extract has something
// to extract from is seen with a policy alone.
func (r *reader) readCompanions() {
	filter, _ := r.good(keyFilter)
	_, err := r.patterns.Parse(policy.Spec{Name: "never", Filter: filter, Exclude: r.exclude, Variant: r.variant})
	var faults policy.Faults
	if !errors.As(err, &faults) {
		return
	}
	for _, f := range faults {
		r.add(r.chosen[f.Field], "", f.Value, f.Allowed)
	}
}

// policy compiles one policy setting with its companions, and reports each
// fault at the entry that it is in. Containers of a policy that is nil are not
// governed.
func (r *reader) policy(e entry, container string) *policy.Policy {
	if r.details[e.name] != "" {
		return nil
	}
	spec := policy.Spec{
		Name: e.value, Exclude: r.exclude, Variant: r.variant,
		MatchTag: r.boolean(keyMatchTag).pointer(), MatchPreRelease: r.boolean(keyMatchPreRelease).pointer(),
	}
	spec.Filter, _ = r.good(keyFilter)
	spec.Extract, _ = r.good(keyExtract)
	p, err := r.patterns.Parse(spec)
	var faults policy.Faults
	if !errors.As(err, &faults) {
		return p
	}
	for _, f := range faults {
		at, of := e, container
		if other, ok := r.chosen[f.Field]; ok && f.Field != keyPolicy {
			at, of = other, ""
		}
		r.add(at, of, f.Value, f.Allowed)
	}
	return nil
}

// checkSlots refuses to govern a workload whose images are not all looked at:
// those beyond the bound would slip past every rule.
func (r *reader) checkSlots(o *workload.Object) {
	governing, ok := r.governing()
	if o.Beyond() == 0 || !ok {
		return
	}
	path := append(append([]string{}, o.Kind.Template...), "spec")
	r.settings.broken = true
	r.settings.Faults = append(r.settings.Faults, Fault{
		Path: field.NewPath(path[0], path[1:]...), Value: strconv.Itoa(workload.MaxSlots+o.Beyond()) + " images",
		Detail: fmt.Sprintf("too many images for a workload with a policy; allowed: at most %d", workload.MaxSlots), Keel: governing.keel, Release: governing.place == onRelease,
	})
}

// governing returns an entry that sets a policy.
func (r *reader) governing() (entry, bool) {
	for _, name := range workload.SortedKeys(r.chosen) {
		if e := r.chosen[name]; e.isPolicy() {
			return e, true
		}
	}
	return entry{}, false
}

// good returns a setting's value; ok is false if it is not set or is
// bad.
func (r *reader) good(name string) (string, bool) {
	e, ok := r.chosen[name]
	if !ok || r.details[name] != "" {
		return "", false
	}
	return e.value, true
}

// answer is a yes or no that may not have been given.
type answer int

const (
	unsaid answer = iota
	yes
	no
)

func (a answer) pointer() *bool {
	if a == unsaid {
		return nil
	}
	b := a == yes
	return &b
}

func (r *reader) boolean(name string) answer {
	switch v, ok := r.good(name); {
	case !ok:
		return unsaid
	case strings.EqualFold(v, "true"):
		return yes
	default:
		return no
	}
}
