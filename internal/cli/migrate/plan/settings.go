package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/printable"
)

// Names of the ConfigMaps and Secrets that Garboard's manifests mount.
const (
	garboardNamespace = "garboard"
	chatName          = "garboard-chat"
	notificationsName = "garboard-notifications"
	pushName          = "garboard-push"
	registriesName    = "garboard-registries"
)

// environment turns Keel's environment into files.
type environment struct {
	keel *keel.Installation
	// reached tells what leads to Keel's port; empty for nothing.
	reached string
	// hosts are the registries of the images that Keel looks at.
	hosts []string
}

// value is a command that prints a variable.
func (s *environment) value(name string) string {
	from := s.keel.Find(name)
	switch {
	case from.ConfigMap != "":
		return fmt.Sprintf("kubectl -n %s get configmap %s -o go-template=%s",
			quoteForShell(s.keel.Namespace), quoteForShell(from.ConfigMap), quoteForShell(fmt.Sprintf("{{index .data %q}}", from.Key)))
	case from == keel.Setting{}:
		return "printf ''"
	case from.Secret != "":
		return fmt.Sprintf("kubectl -n %s get secret %s -o go-template=%s",
			quoteForShell(s.keel.Namespace), quoteForShell(from.Secret), quoteForShell(fmt.Sprintf("{{index .data %q | base64decode}}", from.Key)))
	default:
		return fmt.Sprintf("kubectl -n %s get deployment %s -o go-template=%s", quoteForShell(s.keel.Namespace), quoteForShell(s.keel.Name),
			quoteForShell(fmt.Sprintf(`{{range .spec.template.spec.containers}}{{if eq .name %q}}{{range .env}}{{if eq .name %q}}{{.value}}{{end}}{{end}}{{end}}{{end}}`, s.keel.Container, name)))
	}
}

// plain are the letters that a shell takes as they are.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@=-"

// quoteForShell is a text as a shell reads it as one word.
func quoteForShell(text string) string {
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// variables are those that are set, each with what becomes of it.
func (s *environment) variables() []Variable {
	var all []Variable
	seen := map[string]bool{}
	add := func(name string, v keel.Variable) {
		at := s.keel.Env[name]
		from := ""
		if at.Secret != "" {
			from = at.Secret + "/" + at.Key
		}
		if at.IsUnread() {
			v.Why += "; the ConfigMap was not read, so that its value is not in the plan"
		}
		seen[name] = true
		all = append(all, Variable{Name: name, Fate: v.Fate, Why: v.Why, From: from, ConfigMap: ofConfigMap(at)})
	}
	for _, v := range keel.Variables() {
		if _, ok := s.keel.Env[v.Name]; ok {
			add(v.Name, v)
		}
	}
	for _, name := range sortedKeys(s.keel.Env) {
		if !seen[name] {
			add(printable.Escape(name, 63), keel.Variable{Fate: keel.NotRead, Why: "no variable of Keel 0.22.1"})
		}
	}
	for _, name := range s.keel.Unread {
		all = append(all, Variable{Name: printable.Escape(name, 63), Fate: keel.NotRead, Why: "no value of Keel's chart"})
	}
	return all
}

// ofConfigMap names the ConfigMap and key of a variable; empty for all others.
func ofConfigMap(s keel.Setting) string {
	if s.ConfigMap == "" {
		return ""
	}
	return s.ConfigMap + "/" + s.Key
}

// files are the settings files that are needed, with the Secrets that they refer to.
func (s *environment) files() (files []File, secrets []Secret) {
	if file, ok := s.registries(); ok {
		files = append(files, file)
	}
	for _, write := range []func() (File, Secret, bool){s.push, s.notifications} {
		file, secret, ok := write()
		if !ok {
			continue
		}
		files = append(files, file)
		if len(secret.Keys) > 0 {
			secrets = append(secrets, secret)
		}
	}
	if s.keel.Votes() {
		secrets = append(secrets, s.chat())
	}
	return files, secrets
}

// chat holds the tokens for votes in Slack. There is no file beside it: Keel does not know
// the ID of the channel, nor which member is which user of the cluster.
func (s *environment) chat() Secret {
	return Secret{Name: chatName, Keys: []SecretKey{
		{Name: "slack-app-token", Command: s.value(keel.SlackAppToken), Of: []string{keel.SlackAppToken}},
		{Name: "slack-bot-token", Command: s.value(keel.SlackBotToken), Of: []string{keel.SlackBotToken}},
	}}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
