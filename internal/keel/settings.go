package keel

import (
	"regexp"
	"strconv"
	"strings"
)

// Settings are what Keel reads of a workload, by its own rules: which of labels and
// annotations comes first differs from key to key.
type Settings struct {
	Rule Rule
	// Named is true where there is a policy at all, be it one that Keel knows or not.
	Named bool
	// Polled is true for the trigger poll.
	Polled bool
	// Schedule is the schedule of the polls; empty for Keel's default.
	Schedule string
	// Approvals is how many votes a move needs.
	Approvals int

	monitor                      *regexp.Regexp
	initContainers, imageVolumes bool
}

// Keys are how Keel's keys are spelt, with their prefix. This package does not spell it.
type Keys func(name string) string

// ReadSettings reads a workload's labels and annotations. legacy is the policy's oldest key.
func ReadSettings(labels, annotations map[string]any, key Keys, legacy string) Settings {
	// The policy and what belongs to it come from one place together.
	source := annotations
	name, named := policyOf(annotations, key, legacy)
	if !named {
		source = labels
		name, named = policyOf(labels, key, legacy)
	}
	s := Settings{Named: named, Rule: Rule{
		Policy:        name,
		MatchTag:      asText(source[key("matchTag")]) == "true" || source[key("matchTag")] == nil && asText(source[key("match-tag")]) == "true",
		AnyPreRelease: strings.EqualFold(asText(source[key("matchPreRelease")]), "false"),
	}}
	either := func(name string) string {
		if v, ok := annotations[key(name)]; ok {
			return asText(v)
		}
		return asText(labels[key(name)])
	}
	s.Polled = either("trigger") == "poll"
	s.Schedule = asText(annotations[key("pollSchedule")])
	s.Approvals, _ = strconv.Atoi(either("approvals"))
	s.initContainers = either("initContainers") == "true"
	s.imageVolumes = either("imageVolumes") == "true"
	if pattern := either("monitorContainers"); pattern != "" {
		s.monitor, _ = regexp.Compile(pattern) // Keel takes all where it does not compile
	}
	return s
}

func policyOf(from map[string]any, key Keys, legacy string) (string, bool) {
	for _, k := range []string{key("policy"), legacy} {
		if v, ok := from[k]; ok {
			return asText(v), true
		}
	}
	return "", false
}

// Place is where an image stands in a pod template.
type Place int

// Places of images.
const (
	Container Place = iota
	InitContainer
	ImageVolume
)

// Tracks reports whether Keel looks at an image in a place, by the name there.
func (s Settings) Tracks(place Place, name string) bool {
	switch {
	case !s.Named,
		place == InitContainer && !s.initContainers,
		place == ImageVolume && !s.imageVolumes:
		return false
	default:
		return s.monitor == nil || s.monitor.MatchString(name)
	}
}

// Governs reports whether Keel looks at objects of a kind at all.
func Governs(kind string) bool {
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "CronJob":
		return true
	default:
		return false
	}
}
