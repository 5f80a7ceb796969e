package plan

import (
	"fmt"
	"strings"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// senders are those that Keel has, on the same paths.
func senders() []config.SenderKind {
	return []config.SenderKind{
		config.Native, config.DockerHub, config.Quay, config.Azure, config.GitHub, config.Harbor, config.JFrog, config.Registry,
	}
}

// The files of the Secret of push notifications.
const (
	pushUser     = "keel-user"
	pushPassword = "keel-password"
)

// authenticated reports whether Keel asks senders for a password.
func (s *environment) authenticated() bool {
	return s.keel.Is(keel.AuthenticatedWebhooks) && s.keel.Has(keel.BasicAuthPassword)
}

// push writes the file of senders. There is no file if nothing leads to Keel's port.
func (s *environment) push() (File, Secret, bool) {
	if s.reached == "" {
		return File{}, Secret{}, false
	}
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: %s\nkind: %s\nsenders:\n", config.APIVersion, config.Kind)
	secret := Secret{Name: pushName, Keys: []SecretKey{
		{Name: "native-token", Of: []string{"nothing of Keel: the overlay's own settings name it"}, Command: "openssl rand -hex 32"},
	}}
	if s.authenticated() {
		secret.Keys = append(secret.Keys,
			SecretKey{Name: pushUser, Of: []string{keel.BasicAuthUser}, Command: s.value(keel.BasicAuthUser)},
			SecretKey{Name: pushPassword, Of: []string{keel.BasicAuthPassword}, Command: s.value(keel.BasicAuthPassword)})
	}
	for _, kind := range senders() {
		fmt.Fprintf(&text, "- sender: %s\n", kind)
		if registry := s.keel.Value(keel.PrivateRegistry, ""); kind == config.JFrog && registry != "" {
			fmt.Fprintf(&text, "  registry: %q\n", registry)
		}
		if s.authenticated() && kind != config.Registry {
			fmt.Fprintf(&text, "  basic: {usernameFile: %s, passwordFile: %s}\n", pushUser, pushPassword)
		} else {
			text.WriteString("  unauthenticated: true\n")
		}
	}
	return File{ConfigMap: pushName, Name: "push.yaml", Text: text.String(), Overlay: "push"}, secret, true
}

// webhooks tell which paths keep working.
func (s *environment) webhooks() []Webhook {
	all := make([]Webhook, 0, len(senders())+1)
	for _, kind := range senders() {
		w := Webhook{Path: "/v1/webhooks/" + string(kind), Keeps: true, Why: "the same payload, from any sender that reaches the port, as in Keel"}
		switch {
		case s.reached == "":
			w.Keeps, w.Why = false, "nothing leads to Keel's port, so no registry can post there; Garboard's receiver stays off"
		case s.authenticated() && kind != config.Registry:
			w.Why = "the same payload, with the same user and password, which needs 16 bytes or more"
		}
		all = append(all, w)
	}
	if s.keel.Is(keel.PubSub) {
		all = append(all, Webhook{Path: "Pub/Sub", Why: "Keel subscribes by itself; make a push subscription to /v1/webhooks/gar (docs/push.md)"})
	}
	return all
}
