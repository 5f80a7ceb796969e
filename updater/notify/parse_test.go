package notify_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/updater/notify"
)

func TestParseTellsAllFaults(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"slack":   slackURL + "\n",
		"hipchat": "hipchat://hunter2@room",
		"broken":  "slack://hook:hunter2@webhook",
		"unknown": "pigeon://hunter2@loft",
		"two":     slackURL + "\n" + slackURL,
		"empty":   "\n",
		"text":    "hunter2",
		"logger":  "logger://",
		"matrix":  "matrix://",
		"custom":  "slack+https://hooks.slack.com/services/hunter2",
		"escape":  "discord://hunter2%zz@1234",
	} {
		must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	const services = "allowed: bark, discord, generic, googlechat, gotify, hangouts, ifttt, join, lark, matrix, mattermost, notifiarr, ntfy, opsgenie, pagerduty, " +
		"pushbullet, pushover, rocketchat, signal, slack, smtp, teams, telegram, wecom, zulip"
	const file = "; allowed: a file with nothing but a shoutrrr URL"
	const hipchat = "HipChat was shut down in February 2019; use slack, mattermost, teams, discord, matrix, rocketchat or zulip"
	tests := map[string]struct{ channels, want string }{
		"no list":                              {"  x", "f:4: channels: \"x\": allowed: a list of mappings, each with a name"},
		"no name":                              {"- urlFile: slack", "f:4: channels[0].name: required; allowed: letters, digits, - and _, at most 63, and a letter or digit first"},
		"a bad name":                           {"- {name: a b, urlFile: slack}", `f:4: channels[0].name: "a b": allowed: letters, digits, - and _, at most 63, and a letter or digit first`},
		"the same name":                        {"- {name: a, urlFile: slack}\n- {name: a, urlFile: slack}", `f:5: channels[1].name: "a": the same as on line 4; allowed: each name once`},
		"no URL":                               {"- name: a", "f:4: channels[0].urlFile: required" + file},
		"two URLs":                             {"- {name: a, url: generic://localhost, urlFile: slack}", `f:4: channels[0].urlFile: "slack": url is given too; allowed: one of the two`},
		"an inline secret":                     {"- {name: a, url: '" + slackURL + "'}", "f:4: channels[0].url: it holds a user or password; allowed: a shoutrrr URL without a user or password; one with a secret belongs in a Secret, as urlFile"},
		"a secret behind a +":                  {"- {name: a, url: 'generic+https://u:hunter2@localhost/x'}", "f:4: channels[0].url: it holds a user or password; allowed: a shoutrrr URL without a user or password; one with a secret belongs in a Secret, as urlFile"},
		"a URL of the wrong sort":              {"- {name: a, url: 'hunter2://x'}", "f:4: channels[0].url: unknown service; " + services + "; allowed: a shoutrrr URL without a user or password; one with a secret belongs in a Secret, as urlFile"},
		"HipChat":                              {"- {name: a, urlFile: hipchat}", `f:4: channels[0].urlFile: "hipchat": the URL in the file is no good: ` + hipchat + file},
		"HipChat as a key":                     {"- {name: a, urlFile: slack, hipchatToken: hunter2}", `f:4: channels[0]: "hipchatToken": ` + hipchat},
		"a broken token":                       {"- {name: a, urlFile: broken}", `f:4: channels[0].urlFile: "broken": the URL in the file is no good: invalid slack token format` + file},
		"an unknown service":                   {"- {name: a, urlFile: unknown}", `f:4: channels[0].urlFile: "unknown": the URL in the file is no good: unknown service; ` + services + file},
		"two lines":                            {"- {name: a, urlFile: two}", `f:4: channels[0].urlFile: "two": the URL in the file is no good: blanks, line ends or control characters` + file},
		"an empty file":                        {"- {name: a, urlFile: empty}", `f:4: channels[0].urlFile: "empty": the file is empty; allowed: a file with nothing but the secret`},
		"no such file":                         {"- {name: a, urlFile: gone}", `f:4: channels[0].urlFile: "gone": no such file; allowed: a file with nothing but the secret`},
		"no URL in the file":                   {"- {name: a, urlFile: text}", `f:4: channels[0].urlFile: "text": the URL in the file is no good: not a URL` + file},
		"a service that writes to nobody":      {"- {name: a, urlFile: logger}", `f:4: channels[0].urlFile: "logger": the URL in the file is no good: logger sends no message; Events and the updater's log have the same` + file},
		"a matrix without a token":             {"- {name: a, urlFile: matrix}", `f:4: channels[0].urlFile: "matrix": the URL in the file is no good: matrix: a host and an access token, or a user and a password, are needed` + file},
		"a page's URL":                         {"- {name: a, urlFile: custom}", `f:4: channels[0].urlFile: "custom": the URL in the file is no good: the service takes no URL of another scheme behind a +` + file},
		"a wrong escape":                       {"- {name: a, urlFile: escape}", `f:4: channels[0].urlFile: "escape": the URL in the file is no good: not a URL` + file},
		"a level of Keel's that nobody has":    {"- {name: a, urlFile: slack, level: fatal}", `f:4: channels[0].level: "fatal": allowed: debug, info, success, warn, error`},
		"a batch that is too long":             {"- {name: a, urlFile: slack, batch: 2h}", `f:4: channels[0].batch: "2h": allowed: a duration up to 1h, such as 30s; "0s" for a message each`},
		"a batch below nothing":                {"- {name: a, urlFile: slack, batch: -1s}", `f:4: channels[0].batch: "-1s": allowed: a duration up to 1h, such as 30s; "0s" for a message each`},
		"no lines":                             {"- {name: a, urlFile: slack, maxLines: 0}", `f:4: channels[0].maxLines: "0": allowed: a whole number from 1 to 100`},
		"no namespaces":                        {"- {name: a, urlFile: slack, namespaces: []}", "f:4: channels[0].namespaces: the list is empty; leave the key out to let every namespace write"},
		"a bad namespace":                      {"- {name: a, urlFile: slack, namespaces: [a, 'b*c']}", `f:4: channels[0].namespaces[1]: "b*c": allowed: a list of names of namespaces, or of a prefix and a *`},
		"a template that does not parse":       {"- {name: a, urlFile: slack, template: '{{.Name'}", `f:4: channels[0].template: "{{.Name": template: template:1: unclosed action; allowed: a text/template over a notice (.At, .Changes, .Kind, .Level, .Link, .Name, .Namespace, .Reason, .Text), such as {{.Namespace}}/{{.Name}}: {{.Text}}`},
		"a template with a field that is none": {"- {name: a, urlFile: slack, template: '{{.Nam}}'}", `f:4: channels[0].template: "{{.Nam}}": template: template:1:2: executing "template" at <.Nam>: can't evaluate field Nam of a notice; allowed: a text/template over a notice (.At, .Changes, .Kind, .Level, .Link, .Name, .Namespace, .Reason, .Text), such as {{.Namespace}}/{{.Name}}: {{.Text}}`},
		"a template for moves alone":           {"- {name: a, urlFile: slack, template: '{{(index .Changes 0).To}}'}", `f:4: channels[0].template: "{{(index .Changes 0).To}}": template: template:1:3: executing "template" at <index .Changes 0>: error calling index: reflect: slice index out of range; allowed: a text/template over a notice (.At, .Changes, .Kind, .Level, .Link, .Name, .Namespace, .Reason, .Text), such as {{.Namespace}}/{{.Name}}: {{.Text}}`},
		"a template without end":               {"- {name: a, urlFile: slack, template: '{{range 1000000}}{{$.Name}}{{end}}'}", `f:4: channels[0].template: "{{range 1000000}}{{$.Name}}{{end}}": template: the line of an ordinary notice has more than 2048 bytes; allowed: a text/template over a notice (.At, .Changes, .Kind, .Level, .Link, .Name, .Namespace, .Reason, .Text), such as {{.Namespace}}/{{.Name}}: {{.Text}}`},
		"a key that was meant otherwise": {"- {name: a, urlfile: slack}", `f:4: channels[0]: "urlfile": unknown key; did you mean urlFile? allowed: batch, default, level, maxLines, name, namespaces, template, url, urlFile` +
			"\nf:4: channels[0].urlFile: required; allowed: a file with nothing but a shoutrrr URL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := notify.Parse("f", []byte(head+test.channels+"\n"), nil)
			var faults configfile.Faults
			if !errors.As(err, &faults) || c != nil {
				t.Fatalf("got settings %v and error %v, want faults alone", c, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if strings.Contains(err.Error(), "hunter2") && !strings.Contains(test.channels, "hipchatToken") {
				t.Errorf("got a secret in %q", err)
			}
		})
	}
}

func TestParseGivesDefaults(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "slack"), []byte(slackURL+"\n"), 0o600))
	c, err := notify.Parse(filepath.Join(dir, "f"), []byte(head+"- {name: a, urlFile: slack}\n- {name: b, url: generic://localhost, level: error, default: true, batch: 1m, maxLines: 5, namespaces: [x, y-*, '*']}\n"), nil)
	must(t, err)
	a, b := c.Channels[0], c.Channels[1]
	if a.Level != notify.LevelInfo || a.Default || a.Batch != 10*time.Second || a.MaxLines != 20 || a.Namespaces != nil || a.URL.Service() != "slack" || a.Template == nil {
		t.Errorf("a: got %+v, want the defaults", a)
	}
	if b.Level != notify.LevelError || !b.Default || b.Batch != time.Minute || b.MaxLines != 5 || len(b.Namespaces) != 3 || b.URL.Service() != "generic" {
		t.Errorf("b: got %+v, want what is given", b)
	}
}

func FuzzURLsAreNotRepeated(f *testing.F) {
	for _, url := range []string{slackURL, slackBotURL, discordURL, telegramURL, teamsURL, workflowsURL, "smtp://u:hunter2@h/?from=a@b&to=c@d", "matrix://u:p@h", "generic://h?%zz"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := notify.ParseURL(text)
		said := u.String()
		if err != nil {
			said = err.Error()
		}
		if len(text) > 20 && strings.Contains(said, text) || len(said) > 1300 || strings.ContainsAny(said, "\n\x1b") && err != nil {
			t.Errorf("got %q for %q", said, text)
		}
	})
}
