package migrate

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/internal/keel"
	registries "github.com/garboard-dev/garboard/resolver/registry/config"
	chat "github.com/garboard-dev/garboard/updater/chat/config"
	"github.com/garboard-dev/garboard/updater/notify"
	push "github.com/garboard-dev/garboard/updater/receiver/config"
)

var update = flag.Bool("update", false, "write the plans again")

// run runs garboard migrate keel.
func run(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	command := newKeelCommand()
	var out bytes.Buffer
	command.SetIn(strings.NewReader(stdin))
	command.SetOut(&out)
	command.SetErr(&out)
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetArgs(args)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

// What Keel's chart makes, typical and with every option set: the plan as people read it,
// and what can be applied.
func TestPlansOfKeelsChart(t *testing.T) {
	for _, name := range []string{"typical", "everything"} {
		for format, ending := range map[string]string{"text": ".txt", "yaml": ".out.yaml"} {
			t.Run(name+" as "+format, func(t *testing.T) {
				got, err := run(t, "", "-f", "testdata/"+name+".yaml", "--tags=testdata/tags.txt", "-o", format, "--both")
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(got, "content-of-the") || strings.Contains(got, "Y29udGVudC1vZi10aGUt") {
					t.Errorf("the plan holds what a Secret or variable holds:\n%s", got)
				}
				file := filepath.Join("testdata", name+ending)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			})
		}
	}
}

// secrets runs the commands that a plan prints for its Secrets, with a kubectl that
// prints what a variable holds, and returns the files that they make.
func secrets(t *testing.T, p *plan.Plan, holds map[string]string) string {
	t.Helper()
	bin, dir := t.TempDir(), t.TempDir()
	var script strings.Builder
	script.WriteString("#!/bin/sh\ncase \"$*\" in\n")
	for name, value := range holds {
		fmt.Fprintf(&script, "*'\"%s\"'*) printf '%%s' '%s' ;;\n", name, value)
	}
	script.WriteString("*) exit 1 ;;\nesac\n")
	for name, text := range map[string]string{"kubectl": script.String(), "openssl": "#!/bin/sh\necho 0123456789abcdef0123456789abcdef\n"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, secret := range p.Secrets {
		for _, key := range secret.Keys {
			out, err := exec.CommandContext(t.Context(), "sh", "-c", key.Command).Output()
			if err != nil {
				t.Fatalf("%s: %s: %v", key.Name, key.Command, err)
			}
			if err := os.WriteFile(filepath.Join(dir, key.Name), bytes.TrimRight(out, "\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func planOf(t *testing.T, name string) *plan.Plan {
	t.Helper()
	out, err := run(t, "", "-f", name, "--tags=testdata/tags.txt", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{}
	if err := json.Unmarshal([]byte(out), p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The settings files, and what their Secrets are made of by the commands of the plan, are
// such as the servers take.
func TestSettingsAreTaken(t *testing.T) {
	p := planOf(t, "testdata/everything.yaml")
	dir := secrets(t, p, map[string]string{
		"SLACK_APP_TOKEN": "xapp-1-A000-000000",
		"SLACK_BOT_TOKEN": "xoxb-111111111111-222222222222-YYYYYYYYYYYYYYYYYYYYYYYY", "MATTERMOST_ENDPOINT": "https://chat.example.com/hooks/abcdefghijklmnopqrstuvwxyz",
		"TEAMS_WEBHOOK_URL":   "https://contoso.webhook.office.com/webhookb2/11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/IncomingWebhook/33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05",
		"DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123456789012345678/TOKEN-of_discord", "WEBHOOK_ENDPOINT": "https://hooks.example.com/keel?token=x",
		"MAIL_TO": "ops@example.com", "MAIL_FROM": "keel@example.com", "MAIL_SMTP_SERVER": "mail.example.com", "MAIL_SMTP_USER": "keel@example.com", "MAIL_SMTP_PASS": "p@ss:w/rd#?&%",
		"SHOUTRRR_URLS":   "ntfy://ntfy.sh/my-topic gotify://gotify.example.com/AzyoeNSGDCo.abc",
		"BASIC_AUTH_USER": "keel", "BASIC_AUTH_PASSWORD": "correct-horse-battery",
	})
	files := configfile.NewFiles(dir)
	for _, f := range p.Settings {
		var err error
		switch f.Name {
		case "notifications.yaml":
			_, err = notify.Parse(f.Name, []byte(f.Text), files)
		case "push.yaml":
			_, err = push.Parse(f.Name, []byte(f.Text), files)
		case "registries.yaml":
			_, err = registries.Parse(f.Name, []byte(f.Text), nil)
		default:
			t.Errorf("%s: nothing reads it", f.Name)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", f.Name, err, f.Text)
		}
	}
	if len(p.Settings) != 3 {
		t.Errorf("%d settings files", len(p.Settings))
	}
	settings := "apiVersion: garboard.dev/v1alpha1\nkind: ChatConfig\nslack: {appTokenFile: slack-app-token, botTokenFile: slack-bot-token, channel: C024BE91L, users: []}\n"
	if _, err := chat.Parse("chat.yaml", []byte(settings), files); err != nil {
		t.Errorf("chat settings with the tokens of the plan: %v", err)
	}
	for file, want := range map[string]string{
		"discord": "discord://TOKEN-of_discord@123456789012345678",
		"general": "slack://xoxb:111111111111-222222222222-YYYYYYYYYYYYYYYYYYYYYYYY@general?botname=keel-bot",
		"mail":    "smtp://keel%40example.com:p%40ss%3Aw%2Frd%23%3F%26%25@mail.example.com:587/?from=keel@example.com&to=ops@example.com",
	} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, error %v, want %q", file, got, err, want)
		}
	}
}

// Every variable of Keel 0.22.1 is in the installation with all options, and is known.
func TestEveryVariableIsKnown(t *testing.T) {
	told := map[string]plan.Variable{}
	for _, v := range planOf(t, "testdata/everything.yaml").Variables {
		told[v.Name] = v
	}
	for _, v := range keel.Variables() {
		if got, ok := told[v.Name]; !ok || got.Fate != v.Fate || got.Why == "" {
			t.Errorf("%s: told as %+v", v.Name, got)
		}
	}
	if got := told["OF_OUR_OWN"]; got.Fate != keel.NotRead {
		t.Errorf("a variable of nobody is told as %+v", got)
	}
}
