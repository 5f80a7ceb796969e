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
	// SecretRefs and ConfigMapRefs are what is taken whole into the environment.
	SecretRefs, ConfigMapRefs []Ref
	// Args are Keel's flags.
	Args []string
	// Relay is true where Webhook Relay runs beside it.
	Relay bool
	// Service is the Service that its values ask for; empty for none, and for a Deployment.
	Service string
	// Unread are the values that a file for Keel's chart has and the chart does not read.
	Unread []string
	// Keeper is what puts it back as Git has it: Flux, say; empty where none is known.
	Keeper string
	// taken are the Secrets whose keys are known.
	taken []string
}

// Ref is a Secret or ConfigMap that is taken whole, and what stands before its keys then.
type Ref struct{ Name, Prefix string }

// Setting is the value of a variable, or where it is.
type Setting struct {
	// Value is the text where the Deployment itself has it, or a ConfigMap that was read.
	Value string
	// Secret or ConfigMap, and Key, name where it is otherwise.
	Secret, ConfigMap, Key string
}

// IsUnread reports whether the value is in a ConfigMap that is not there.
func (s Setting) IsUnread() bool { return s.ConfigMap != "" && s.Value == "" }

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
	i.Keeper = keeperOf(childMap(metadata, "labels"), childMap(metadata, "annotations"))
	found := false
	for _, item := range asList(spec["containers"]) {
		container := asMap(item)
		switch name := asText(container["image"]); {
		case !found && (image.MatchString(name) || runsKeel(container)):
			found = true
			i.Image, i.Container = name, asText(container["name"])
			i.read(container)
		case strings.Contains(name, "webhookrelayd"):
			i.Relay = true
		}
	}
	return i, found
}

// runsKeel reports whether a container of another image runs Keel's program.
func runsKeel(container map[string]any) bool {
	command := asList(container["command"])
	return len(command) > 0 && asText(command[0]) == "/bin/keel"
}

func (i *Installation) read(container map[string]any) {
	for _, item := range asList(container["args"]) {
		i.Args = append(i.Args, asText(item))
	}
	for _, item := range asList(container["envFrom"]) {
		prefix := asText(asMap(item)["prefix"])
		if name := asText(childMap(asMap(item), "secretRef")["name"]); name != "" {
			i.SecretRefs = append(i.SecretRefs, Ref{name, prefix})
		}
		if name := asText(childMap(asMap(item), "configMapRef")["name"]); name != "" {
			i.ConfigMapRefs = append(i.ConfigMapRefs, Ref{name, prefix})
		}
	}
	for _, item := range asList(container["env"]) {
		entry := asMap(item)
		s := Setting{Value: asText(entry["value"])}
		if ref := childMap(childMap(entry, "valueFrom"), "secretKeyRef"); ref != nil {
			s.Secret, s.Key = asText(ref["name"]), asText(ref["key"])
		}
		if ref := childMap(childMap(entry, "valueFrom"), "configMapKeyRef"); ref != nil {
			s.ConfigMap, s.Key = asText(ref["name"]), asText(ref["key"])
		}
		if name := asText(entry["name"]); name != "" {
			i.Env[name] = s
		}
	}
}

// Take adds the variables that a Secret which is taken whole brings, by its keys. What
// the Deployment sets itself comes first.
func (i *Installation) Take(secret string, keys []string) {
	i.taken = append(i.taken, secret)
	for _, ref := range i.SecretRefs {
		if ref.Name != secret {
			continue
		}
		for _, key := range keys {
			if _, ok := i.Env[ref.Prefix+key]; !ok {
				i.Env[ref.Prefix+key] = Setting{Secret: secret, Key: key}
			}
		}
	}
}

// TakeConfigMap adds the variables that come from a ConfigMap, one by one or all.
func (i *Installation) TakeConfigMap(name string, data map[string]string) {
	for variable, s := range i.Env {
		if s.ConfigMap == name {
			s.Value = data[s.Key]
			i.Env[variable] = s
		}
	}
	for _, ref := range i.ConfigMapRefs {
		if ref.Name != name {
			continue
		}
		for key, value := range data {
			if _, ok := i.Env[ref.Prefix+key]; !ok {
				i.Env[ref.Prefix+key] = Setting{Value: value, ConfigMap: name, Key: key}
			}
		}
	}
}

// Find is where a variable is. Of one that the Deployment does not set it is the Secret that
// is taken whole, if the keys of one are not known.
func (i *Installation) Find(name string) Setting {
	if s, ok := i.Env[name]; ok {
		return s
	}
	for _, ref := range i.SecretRefs {
		if key, ok := strings.CutPrefix(name, ref.Prefix); ok && !slices.Contains(i.taken, ref.Name) {
			return Setting{Secret: ref.Name, Key: key}
		}
	}
	return Setting{}
}

// Secrets are the names of all Secrets that the environment comes from.
func (i *Installation) Secrets() []string {
	return names(i.SecretRefs, i.Env, func(s Setting) string { return s.Secret })
}

// ConfigMaps are the names of all ConfigMaps that the environment comes from.
func (i *Installation) ConfigMaps() []string {
	return names(i.ConfigMapRefs, i.Env, func(s Setting) string { return s.ConfigMap })
}

func names(refs []Ref, env map[string]Setting, of func(Setting) string) []string {
	found := map[string]bool{}
	for _, ref := range refs {
		found[ref.Name] = true
	}
	for _, s := range env {
		if name := of(s); name != "" {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Has reports whether a variable is set to something, or comes from elsewhere.
func (i *Installation) Has(name string) bool {
	s, ok := i.Env[name]
	return ok && (s.Value != "" || s.Secret != "" || s.ConfigMap != "")
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
