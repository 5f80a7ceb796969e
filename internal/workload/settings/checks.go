package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
)

// later are the settings that a coming release reads. They are refused by
// name: a gate that is ignored would let through what it should hold back.
var later = map[string]bool{"order": true}

// Bounds on values, which come from writers of workloads.
const (
	maxExclude = 8 << 10 // bytes of a list of globs
	maxGlobs   = 64      // of it
	maxNotes   = 512     // bytes of an address
)

// choices are the settings that take one of a few values.
var choices = map[string][]string{
	keyMatchTag: booleans, keyMatchPreRelease: booleans, keyInitContainers: booleans, keyImageVolumes: booleans,
	keyPin:            {PinDigest, PinFollow, PinTag},
	keyTrigger:        {TriggerPoll, TriggerPush},
	keyResolveOn:      {ResolveOnApply, ResolveOnChange},
	keyOnUnresolvable: {Keep, Deny},
	keyRollback:       {RollbackAuto, RollbackOff},
	keyApprovalCarry:  {CarryPatch},
}

var booleans = []string{"true", "false"}

// checks tell what is wrong with a setting's value, or nothing. Those of the
// policy and its companions are policy.Parse's matter, and whatever is compiled is the
// reader's: compiling takes of its budget.
var checks = map[string]func(e entry) string{
	keyPolicy: noFault, keyFilter: noFault, keyExtract: noFault, keyExclude: checkGlobs, keyVariant: checkGlobs,
	keyMatchTag: checkBool, keyMatchPreRelease: checkBool,
	keyInitContainers: checkBool, keyImageVolumes: checkBool,
	keyPin: checkChoice, keyResolveOn: checkChoice, keyOnUnresolvable: checkChoice,
	keyTrigger:           checkTrigger,
	keyPollSchedule:      checkSchedule,
	keyMonitorContainers: noFault,
	keyImagePullSecret:   checkSecret,
	keyPlatforms:         checkPlatforms,
	keyHold:              checkHold,
	keyMinAge:            checkParses(parseAge, ageAllowed),
	keyAfter:             checkAfter,
	keyWindow:            checkWindow,
	keyCanary:            checkParses(parseCanary, canaryAllowed),
	keyApprovals:         checkParses(parseVotes, votesAllowed),
	keyApprovalDeadline:  checkParses(parseDeadline, deadlineAllowed),
	keyApprovalCarry:     checkChoice,
	keyHealthTimeout:     checkParses(parseHealthTimeout, healthAllowed),
	keyRollback:          checkChoice,
	keyNotify:            checkChannels,
	keyReleaseNotes:      checkParses(parseNotes, notesAllowed),
}

// entryFault tells what is wrong with an entry by itself; empty for nothing.
func entryFault(e entry) string {
	if later[e.name] {
		return fmt.Sprintf("setting %q is not supported by this version", e.name)
	}
	check, known := checks[e.name]
	if e.ofContainer() {
		check, known = noFault, true
	}
	switch {
	case e.key == workload.LabelSkip && e.place == onLabels:
		return oneOf("true", "false")(e)
	case !known:
		return unknownKey
	case e.notText:
		return "not a string; allowed: text, in quotes"
	default:
		return check(e)
	}
}

// unknownKey stands for what unknown says, which costs more than all other checks: it
// is looked up for the few that are told.
const unknownKey = "unknown key"

func unknownFault(e entry) string {
	if e.key == workload.LabelEnabled || e.key == workload.LabelValidate {
		return unknownKey + "; allowed: as a label of a namespace"
	}
	if e.key == workload.LabelSkip {
		return unknownKey + "; allowed: as a label of a workload"
	}
	allowed := slices.Sorted(maps.Keys(checks))
	known := allowed
	if e.keel {
		known = slices.Sorted(maps.Keys(later))
		known = append(known, allowed...)
	}
	return unknownKey + "; " + didYouMean(meantSetting(e.name, known)) + "allowed: " + strings.Join(allowed, ", ") + ", policy.<container>"
}

// meantSetting finds the setting that an unknown one was meant to be. The name of a
// container is no part of what may be misspelt.
func meantSetting(name string, allowed []string) string {
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
// where its value counts, and where it is not known what was meant. A bad value
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
		return fmt.Sprintf("bad schedule (%s); allowed: %s", printable.Replace(err.Error(), maxQuoted), scheduleAllowed)
	}
	return ""
}

func checkGlobs(e entry) string {
	if len(e.value) > maxExclude {
		return fmt.Sprintf("%d bytes; allowed: at most %d", len(e.value), maxExclude)
	}
	if n := strings.Count(e.value, ",") + 1; n > maxGlobs {
		return fmt.Sprintf("%d globs; allowed: at most %d", n, maxGlobs)
	}
	return ""
}
