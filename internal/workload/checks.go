package workload

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/spelling"
)

// later are the settings that a coming release reads. They are refused by
// name: a gate that is ignored would let through what it should hold back.
var later = map[string]bool{
	"approvals": true, "approvalDeadline": true, "order": true, "releaseNotes": true,
}

// Bounds on values, which come from whoever may write workloads.
const (
	maxPattern = 512     // bytes of a regular expression
	maxProgram = 1000    // steps of a regular expression: it is matched with every name
	maxExclude = 8 << 10 // bytes of a list of globs
)

// choices are the settings that take one of a few values.
var choices = map[string][]string{
	keyMatchTag: booleans, keyMatchPreRelease: booleans, keyInitContainers: booleans, keyImageVolumes: booleans,
	keyPin:            {PinDigest, PinTag},
	keyTrigger:        {TriggerPoll, TriggerPush},
	keyResolveOn:      {ResolveOnApply, ResolveOnChange},
	keyOnUnresolvable: {Keep, Deny},
	keyRollback:       {RollbackAuto, RollbackOff},
}

var booleans = []string{"true", "false"}

// checks tell what is wrong with a setting's value, or nothing. Those of the
// policy and its companions are policy.Parse's matter.
var checks = map[string]func(e entry) string{
	keyPolicy: noFault, keyFilter: noFault, keyExtract: noFault, keyExclude: checkExclude,
	keyMatchTag: checkBool, keyMatchPreRelease: checkBool,
	keyInitContainers: checkBool, keyImageVolumes: checkBool,
	keyPin: checkChoice, keyResolveOn: checkChoice, keyOnUnresolvable: checkChoice,
	keyTrigger:           checkTrigger,
	keyPollSchedule:      checkSchedule,
	keyMonitorContainers: checkNames,
	keyImagePullSecret:   checkSecret,
	keyPlatforms:         checkPlatforms,
	keyHold:              checkHold,
	keyMinAge:            parses(parseAge, ageAllowed),
	keyWindow:            checkWindow,
	keyCanary:            parses(parseCanary, canaryAllowed),
	keyHealthTimeout:     parses(parseHealthTimeout, healthAllowed),
	keyRollback:          checkChoice,
	keyNotify:            parses(parseChannels, notifyAllowed),
}

// fault tells what is wrong with an entry by itself; empty for nothing.
func fault(e entry) string {
	if later[e.name] {
		return fmt.Sprintf("setting %q is not supported by this version", e.name)
	}
	check, known := checks[e.name]
	if e.ofContainer() {
		check, known = noFault, true
	}
	switch {
	case e.key == LabelSkip && e.place == onLabels:
		return oneOf("true", "false")(e)
	case !known:
		return unknown(e)
	case e.notText:
		return "not a string; allowed: text, in quotes"
	default:
		return check(e)
	}
}

func unknown(e entry) string {
	if e.key == LabelEnabled || e.key == LabelValidate {
		return "unknown key; allowed: as a label of a namespace"
	}
	if e.key == LabelSkip {
		return "unknown key; allowed: as a label of a workload"
	}
	allowed := slices.Sorted(maps.Keys(checks))
	return "unknown key; " + didYouMean(meant(e.name, allowed)) + "allowed: " + strings.Join(allowed, ", ") + ", policy.<container>"
}

// meant finds the setting that an unknown one was meant to be. The name of a
// container is no part of what may be misspelt.
func meant(name string, allowed []string) string {
	setting, container, dotted := strings.Cut(name, ".")
	switch {
	case !dotted:
		return spelling.Nearest(name, allowed)
	case container != "" && spelling.Nearest(setting, []string{keyPolicy}) != "":
		return containerPolicy + container
	default:
		return ""
	}
}

// didYouMean asks for what was meant; empty where that is not known.
func didYouMean(meant string) string {
	if meant == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q? ", meant)
}

// bearsOnAll reports whether a fault of the entry leaves all containers alone:
// where its value counts, and where nobody can tell what was meant. A bad value
// that another one overrules is not looked at.
func bearsOnAll(e entry, chosen map[string]entry) bool {
	_, known := checks[e.name]
	return !known && !e.ofContainer() || chosen[e.name] == e
}

func noFault(entry) string { return "" }

func oneOf(values ...string) func(entry) string {
	return func(e entry) string {
		if slices.Contains(values, e.value) {
			return ""
		}
		return didYouMean(spelling.Nearest(e.value, values)) + "allowed: " + strings.Join(values, ", ")
	}
}

func checkChoice(e entry) string { return oneOf(choices[e.name]...)(e) }

// checkBool is lenient about the case of Keel's values alone.
func checkBool(e entry) string {
	if e.keel && (strings.EqualFold(e.value, "true") || strings.EqualFold(e.value, "false")) {
		return ""
	}
	return checkChoice(e)
}

func checkTrigger(e entry) string {
	if e.keel {
		return ""
	}
	return checkChoice(e)
}

func checkSchedule(e entry) string {
	if _, err := ParseSchedule(e.value); err != nil {
		return fmt.Sprintf("bad schedule (%s); allowed: %s", line(err.Error(), maxQuoted), scheduleAllowed)
	}
	return ""
}

func checkExclude(e entry) string {
	if len(e.value) > maxExclude {
		return fmt.Sprintf("%d bytes; allowed: at most %d", len(e.value), maxExclude)
	}
	return ""
}

func checkNames(e entry) string {
	if _, err := compileNames(e.value); err != nil {
		return fmt.Sprintf("bad regular expression (%s); allowed: RE2 over container names", line(err.Error(), maxQuoted))
	}
	return ""
}

// compileNames compiles a pattern of names. A short pattern with repetitions
// can make a program of many thousand steps, each of them taken for every
// letter of every name: that is bounded, too.
func compileNames(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("%d bytes, of at most %d", len(pattern), maxPattern)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, errors.New("too many repetitions")
	}
	return regexp.Compile(pattern)
}
