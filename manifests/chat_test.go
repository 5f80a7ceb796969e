package manifests_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/updater/chat/config"
)

// The updater may vote in the name of the people whom the settings name, and of no others:
// the chart makes these rights, and the example has them.
func TestChatVotersAreThoseOfTheSettings(t *testing.T) {
	example, err := os.ReadFile(filepath.Join("..", "examples", "chat.yaml"))
	must(t, err)
	var settings map[string]any
	must(t, yaml.Unmarshal(example, &settings))
	delete(settings, "apiVersion")
	delete(settings, "kind")
	values, err := yaml.Marshal(map[string]any{"chat": map[string]any{"enabled": true, "settings": settings}})
	must(t, err)
	const name = "garboard-chat-voters"
	made := one[*rbacv1.ClusterRole](t, decode(t, []byte(template(t, string(values)))), name)
	voters, err := os.ReadFile(filepath.Join("..", "examples", "chat-voters.yaml"))
	must(t, err)
	shown := one[*rbacv1.ClusterRole](t, decode(t, voters), name)
	if diff := cmp.Diff(shown.Rules, made.Rules); diff != "" {
		t.Errorf("rules (-example +chart):\n%s", diff)
	}
	for _, rule := range made.Rules {
		if !slices.Equal(rule.Verbs, []string{"impersonate"}) || len(rule.ResourceNames) == 0 {
			t.Errorf("rule: got %+v, want one that names whom to impersonate", rule)
		}
	}
}

// A chat whose settings name nobody gives the right to impersonate nobody.
func TestChatWithoutUsersImpersonatesNobody(t *testing.T) {
	for name, text := range map[string]string{"the chart": template(t, chatValues), "the overlay": kustomize(t, "overlays/chat")} {
		if strings.Contains(text, "impersonate") {
			t.Errorf("%s gives the right to impersonate", name)
		}
	}
}

// The settings of the component are read where the updater looks for them, with tokens in
// the files that they name.
func TestChatSettingsOfTheComponentAreGood(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("components", "chat", "chat.yaml"))
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "slack-app-token"), []byte("xapp-1-A000-000000"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "slack-bot-token"), []byte("xoxb-000000-000000"), 0o600))
	if _, err := config.Parse(filepath.Join(dir, "chat.yaml"), text, nil); err != nil {
		t.Error(err)
	}
}
