package keel

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Installation is what Keel's Deployment says.
type Installation struct {
	Namespace, Name, Image string
	// Container is the name of Keel's container.
	Container string
	// Env is its environment by name. What comes from a Secret has a place and no value.
	Env map[string]Setting
	// SecretRefs are the names of Secrets that are taken whole into the environment.
	SecretRefs []string
	// Args are Keel's flags.
	Args []string
	// Relay is true where Webhook Relay runs beside it.
	Relay bool
	// Unread are the values that a file for Keel's chart has and the chart does not read.
	Unread []string
}

// Setting is the value of a variable, or where it is.
type Setting struct {
	// Value is the text where the Deployment itself has it.
	Value string
	// Secret and Key name where it is otherwise.
	Secret, Key string
}

// image is the repository of Keel: keelhq/keel, ghcr.io/keel-hq/keel, or a copy of it.
var image = regexp.MustCompile(`(^|/)keel(-?hq)?/keel([:@]|$)|(^|/)keel([:@]|$)`)

// Read reads an object's decoded JSON. ok is false where it is no Deployment of Keel.
func Read(object map[string]any) (Installation, bool) {
	if asText(object["kind"]) != "Deployment" {
		return Installation{}, false
	}
	spec := childMap(childMap(childMap(object, "spec"), "template"), "spec")
	metadata := childMap(object, "metadata")
	i := Installation{Namespace: asText(metadata["namespace"]), Name: asText(metadata["name"]), Env: map[string]Setting{}}
	found := false
	for _, item := range asList(spec["containers"]) {
		container := asMap(item)
		switch name := asText(container["image"]); {
		case image.MatchString(name) && !found:
			found = true
			i.Image, i.Container = name, asText(container["name"])
			i.read(container)
		case strings.Contains(name, "webhookrelayd"):
			i.Relay = true
		}
	}
	return i, found
}

func (i *Installation) read(container map[string]any) {
	for _, item := range asList(container["args"]) {
		i.Args = append(i.Args, asText(item))
	}
	for _, item := range asList(container["envFrom"]) {
		if name := asText(childMap(asMap(item), "secretRef")["name"]); name != "" {
			i.SecretRefs = append(i.SecretRefs, name)
		}
	}
	for _, item := range asList(container["env"]) {
		entry := asMap(item)
		s := Setting{Value: asText(entry["value"])}
		if ref := childMap(childMap(entry, "valueFrom"), "secretKeyRef"); ref != nil {
			s.Secret, s.Key = asText(ref["name"]), asText(ref["key"])
		}
		if name := asText(entry["name"]); name != "" {
			i.Env[name] = s
		}
	}
}

// Take adds the variables that a Secret which is taken whole brings, by its keys. What
// the Deployment sets itself comes first.
func (i *Installation) Take(secret string, keys []string) {
	if !slices.Contains(i.SecretRefs, secret) {
		return
	}
	for _, key := range keys {
		if _, ok := i.Env[key]; !ok {
			i.Env[key] = Setting{Secret: secret, Key: key}
		}
	}
}

// Secrets are the names of all Secrets that the environment comes from.
func (i *Installation) Secrets() []string {
	names := map[string]bool{}
	for _, name := range i.SecretRefs {
		names[name] = true
	}
	for _, s := range i.Env {
		if s.Secret != "" {
			names[s.Secret] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Has reports whether a variable is set to something, or comes from a Secret.
func (i *Installation) Has(name string) bool {
	s, ok := i.Env[name]
	return ok && (s.Value != "" || s.Secret != "")
}

// Is reports whether a variable is set to a true value.
func (i *Installation) Is(name string) bool {
	return slices.Contains([]string{"true", "1", "t", "yes"}, strings.ToLower(i.Env[name].Value))
}

// Value is a variable's value where the Deployment has it, else the default.
func (i *Installation) Value(name, otherwise string) string {
	if v := i.Env[name].Value; v != "" {
		return v
	}
	return otherwise
}

// Polls reports whether Keel polls at all, which it does unless it is told not to.
func (i *Installation) Polls() bool { return i.Env[Poll].Value == "" || i.Is(Poll) }

// Votes reports whether people vote in Slack, for which Keel needs both tokens.
func (i *Installation) Votes() bool { return i.Has(SlackAppToken) && i.Has(SlackBotToken) }

// Restricted is the one namespace that Keel looks at; empty for all.
func (i *Installation) Restricted() string {
	if name := i.Env[RestrictedNamespace].Value; name != "keel" {
		return name
	}
	return ""
}

func asMap(value any) map[string]any { m, _ := value.(map[string]any); return m }

func childMap(m map[string]any, key string) map[string]any { return asMap(m[key]) }

func asList(value any) []any { l, _ := value.([]any); return l }

func asText(value any) string { s, _ := value.(string); return s }
