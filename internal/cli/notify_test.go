package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const notificationsHead = "apiVersion: garboard.dev/v1alpha1\nkind: NotificationsConfig\nchannels:\n"

// channels are settings of one channel that takes messages and one that does
// not, with what the first got.
func channels(t *testing.T) (file string, got *[]string) {
	t.Helper()
	got = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/good" {
			http.Error(w, "no such hook: "+seededPassword, http.StatusForbidden)
			return
		}
		body, _ := io.ReadAll(r.Body)
		*got = append(*got, string(body))
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	file = filepath.Join(dir, "n.yaml")
	for name, text := range map[string]string{
		file:                       notificationsHead + "- {name: good, urlFile: good}\n- {name: bad, urlFile: bad}\n- {name: quiet, urlFile: good, template: '{{if eq .Reason \"ImageUpdated\"}}x{{end}}'}\n",
		filepath.Join(dir, "good"): "generic+" + server.URL + "/good",
		filepath.Join(dir, "bad"):  "generic+" + server.URL + "/" + seededPassword,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, got
}

func TestNotifyTestSaysWhichChannelTookTheMessage(t *testing.T) {
	file, sent := channels(t)
	got := garboard(t, strings.NewReader(""), nil, "notify", "test", "--notifications-config", file)
	wantNoSecret(t, got)
	wantPrintable(t, got)
	got.Out = regexp.MustCompile(` +[\d.]+ms`).ReplaceAllString(got.Out, " TIME")
	got.Out = regexp.MustCompile(` +`).ReplaceAllString(got.Out, " ")
	want := outcome{Code: 1, Err: "garboard: sending test messages: 2 of 3 channels did not take it\n", Out: "CHANNEL SERVICE SENT TIME ERROR\n" +
		"good generic yes TIME \n" +
		"bad generic no TIME generic: status 403 Forbidden\n" +
		"quiet generic no TIME the template has nothing to say of a test\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := []string{"Deployment example/test: a test of the channel good, for which nothing was updated"}; !cmp.Equal(want, *sent) {
		t.Errorf("sent %q, want %q", *sent, want)
	}
}

func TestNotifyTestTriesOneChannelAndWritesJSON(t *testing.T) {
	file, _ := channels(t)
	got := garboard(t, strings.NewReader(""), nil, "notify", "test", "--notifications-config", file, "--channel", "good", "-o", "json")
	var results []struct {
		Channel string
		Sent    bool
	}
	if err := json.Unmarshal([]byte(got.Out), &results); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if len(results) != 1 || results[0].Channel != "good" || !results[0].Sent || got.Code != 0 || got.Err != "" {
		t.Errorf("got %+v", got)
	}
}

func TestNotifyRefusesWhatItCannotUse(t *testing.T) {
	file, _ := channels(t)
	for name, test := range map[string]struct {
		in   string
		args []string
		want outcome
	}{
		"no settings":              {"", []string{"test"}, outcome{Code: 2, Err: "--notifications-config: needs a value\n"}},
		"a timeout of none":        {"", []string{"test", "--notifications-config", file, "--timeout=0s"}, outcome{Code: 2, Err: "--timeout: \"0s\": allowed: a duration above 0, such as 1m30s\n"}},
		"an unknown channel":       {"", []string{"test", "--notifications-config", file, "--channel", "typo"}, outcome{Code: 2, Err: "--channel: \"typo\": allowed: good, bad, quiet\n"}},
		"no file":                  {"", []string{"validate"}, outcome{Code: 2, Err: "FILE: needs a value\n"}},
		"a file that is not there": {"", []string{"validate", "none.yaml"}, outcome{Code: 1, Err: "garboard: reading the notification settings: open none.yaml: no such file or directory\n"}},
		"faults, on standard input": {notificationsHead + "- {name: a, url: 'hipchat://x'}\n", []string{"validate", "-"}, outcome{Code: 1,
			Err: "standard input:4: channels[0].url: HipChat was shut down in February 2019; use slack, mattermost, teams, discord, matrix, rocketchat or zulip; " +
				"allowed: a shoutrrr URL without a user or password; one with a secret belongs in a Secret, as urlFile\n"}},
		"nothing that is wrong": {notificationsHead + "- {name: a, url: 'generic://localhost'}\n", []string{"validate", "-"}, outcome{Out: "standard input: ok, 1 channel\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := garboard(t, strings.NewReader(test.in), nil, append([]string{"notify"}, test.args...)...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
