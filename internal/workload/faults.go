package workload

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/keelson-dev/keelson/resolver/policy"
)

// Fault is a key or value that cannot be used.
type Fault struct {
	// Path leads to the value, Key is the key it stands under.
	Path *field.Path
	Key  string
	// Value is what was given, Detail what is wrong and what is allowed.
	Value, Detail string
	// Container names the container that the fault bears on; empty for all.
	Container string
	// Keel is true for Keel's keys, Namespace for the namespace's defaults.
	Keel, Namespace bool
}

// Error returns the fault as an API error, the value shortened: it may be as
// long as annotations can be.
func (f Fault) Error() *field.Error { return field.Invalid(f.Path, Shorten(f.Value, 80), f.Detail) }

// Same reports whether two objects carry the same fault.
func (f Fault) Same(other Fault) bool {
	return f.Path.String() == other.Path.String() && f.Value == other.Value
}

// Shorten cuts a text to at most n characters, escaping what does not print.
func Shorten(s string, n int) string {
	quoted := strconv.QuoteToGraphic(s)
	s = quoted[1 : len(quoted)-1]
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// later are the settings that a coming release reads. They are refused by
// name: a gate that is ignored would let through what it should hold back.
var later = map[string]bool{
	"approvals": true, "approvalDeadline": true, "canary": true, "healthTimeout": true, "hold": true,
	"imagePullSecret": true, "minAge": true, "notify": true, "order": true, "platforms": true,
	"releaseNotes": true, "rollback": true, "window": true,
}

// maxPattern bounds the length of regular expressions.
const maxPattern = 512

// checks tell what is wrong with a setting's value, or nothing. Those of the
// policy and its companions are policy.Parse's matter.
var checks = map[string]func(e entry) string{
	keyPolicy: noFault, keyFilter: noFault, keyExtract: noFault, keyExclude: noFault,
	keyMatchTag: checkBool, keyMatchPreRelease: checkBool,
	keyInitContainers: checkBool, keyImageVolumes: checkBool,
	keyPin:            oneOf(PinDigest, PinTag),
	keyResolveOn:      oneOf(ResolveOnApply, ResolveOnChange),
	keyOnUnresolvable: oneOf(Keep, Deny),
	keyTrigger: func(e entry) string {
		if e.keel {
			return ""
		}
		return oneOf(TriggerPoll, TriggerPush)(e)
	},
	keyPollSchedule: func(e entry) string {
		if _, err := ParseSchedule(e.value); err != nil {
			return fmt.Sprintf("bad schedule (%v); allowed: %s", err, scheduleAllowed)
		}
		return ""
	},
	keyMonitorContainers: func(e entry) string {
		if len(e.value) > maxPattern {
			return fmt.Sprintf("longer than %d characters", maxPattern)
		}
		if _, err := regexp.Compile(e.value); err != nil {
			return fmt.Sprintf("bad regular expression (%v); allowed: RE2 over container names", err)
		}
		return ""
	},
}

// fault tells what is wrong with an entry by itself; empty for nothing.
func fault(e entry) string {
	if strings.HasPrefix(e.name, containerPolicy) {
		return ""
	}
	if later[e.name] {
		return fmt.Sprintf("setting %q is not supported by this version", e.name)
	}
	check, known := checks[e.name]
	if !known {
		return "unknown key; allowed: " + strings.Join(slices.Sorted(maps.Keys(checks)), ", ") + ", policy.<container>"
	}
	return check(e)
}

func (r *reader) check(e entry) {
	if detail := fault(e); detail != "" {
		r.add(e, "", detail)
	}
}

func (r *reader) add(e entry, container, detail string) {
	r.settings.Faults = append(r.settings.Faults, Fault{
		Path: e.path(), Key: e.key, Value: e.value, Detail: detail,
		Container: container, Keel: e.keel, Namespace: e.place == onNamespace,
	})
}

// policy compiles one policy setting with its companions, and reports each
// fault at the entry that it is in.
func (r *reader) policy(e entry, container string) *policy.Policy {
	if fault(e) != "" {
		return nil
	}
	spec := policy.Spec{Name: e.value}
	spec.MatchTag = r.boolean(keyMatchTag).pointer()
	spec.MatchPreRelease = r.boolean(keyMatchPreRelease).pointer()
	spec.Filter = r.chosen[keyFilter].value
	spec.Extract = r.chosen[keyExtract].value
	if list := r.chosen[keyExclude].value; list != "" {
		for glob := range strings.SplitSeq(list, ",") {
			spec.Exclude = append(spec.Exclude, strings.TrimSpace(glob))
		}
	}
	p, err := policy.Parse(spec)
	var faults policy.Faults
	if !errors.As(err, &faults) {
		return p
	}
	for _, f := range faults {
		at, of := e, container
		if other, ok := r.chosen[f.Field]; ok && f.Field != keyPolicy {
			at, of = other, ""
		}
		if !r.reported(at) {
			r.add(at, of, f.Allowed)
		}
	}
	return nil
}

// reported keeps a companion's fault from being told once a container.
func (r *reader) reported(e entry) bool {
	return slices.ContainsFunc(r.settings.Faults, func(f Fault) bool {
		return f.Path.String() == e.path().String() && f.Namespace == (e.place == onNamespace)
	})
}

func noFault(entry) string { return "" }

func oneOf(values ...string) func(entry) string {
	return func(e entry) string {
		if slices.Contains(values, e.value) {
			return ""
		}
		return "allowed: " + strings.Join(values, ", ")
	}
}

func checkBool(e entry) string {
	if _, err := strconv.ParseBool(e.value); err != nil {
		return "allowed: true, false"
	}
	return ""
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
	v, ok := r.good(name)
	if !ok {
		return unsaid
	}
	if b, _ := strconv.ParseBool(v); b {
		return yes
	}
	return no
}
