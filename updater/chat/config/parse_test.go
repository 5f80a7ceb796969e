package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/chat/config"
)

const head = "apiVersion: garboard.dev/v1alpha1\nkind: ChatConfig\n"

// folder has the files that the settings of a test name.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"app": "xapp-1-A000-0123456789\n", "bot": "xoxb-0123456789-abcdef\n", "slash": "k4q9xw3cftgozqh8y1ymmiwkna", "short": "xoxb-1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSettingsAreRead(t *testing.T) {
	text := head + `
slack:
  appTokenFile: app
  botTokenFile: bot
  channel: C024BE91L
  namespaces: [shop]
  users:
  - {id: U024BE7LH, user: ann@example.com, groups: [shop-team]}
  - {id: W012A3CDE, user: bob@example.com}
mattermost:
  tokenFile: slash
  users:
  - {id: q6kpu5zq6jbd8ms9yy4h5apnch, user: ann@example.com}
`
	got, err := config.Parse(filepath.Join(folder(t), "chat.yaml"), []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Slack: &config.Slack{
			AppToken: "xapp-1-A000-0123456789", BotToken: "xoxb-0123456789-abcdef", Channel: "C024BE91L", APIURL: "https://slack.com/api/",
			Room: config.Room{Namespaces: []string{"shop"}, Users: []config.User{
				{ID: "U024BE7LH", Name: "ann@example.com", Groups: []string{"shop-team"}}, {ID: "W012A3CDE", Name: "bob@example.com"},
			}},
		},
		Mattermost: &config.Mattermost{Token: "k4q9xw3cftgozqh8y1ymmiwkna", Room: config.Room{Users: []config.User{{ID: "q6kpu5zq6jbd8ms9yy4h5apnch", Name: "ann@example.com"}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if text := fmt.Sprintf("%v %+v %#v", got.Slack, got.Slack, got.Mattermost); strings.Contains(text, "0123456789") || strings.Contains(text, "k4q9") {
		t.Errorf("a token is printed: %s", text)
	}
}

func TestFaultsAreTold(t *testing.T) {
	slack := func(lines string) string {
		return head + "slack:\n  appTokenFile: app\n  botTokenFile: bot\n  channel: C024BE91L\n" + lines
	}
	const user = "  users: [{id: U024BE7LH, user: ann@example.com}]\n"
	tests := map[string]struct{ text, want string }{
		"no chat":                          {head, "1: no chat is given; allowed: slack, mattermost, or both"},
		"no users":                         {slack(""), "4: slack.users: required; allowed: a list of mappings, each with id and user"},
		"a token in place of its file":     {head + "slack:\n  appTokenFile: xapp-1-secret\n  botTokenFile: bot\n  channel: C024BE91L\n" + user, "4: slack.appTokenFile: no such file"},
		"a bot's token for the app's":      {head + "slack:\n  appTokenFile: bot\n  botTokenFile: bot\n  channel: C024BE91L\n" + user, "4: slack.appTokenFile: the file has something else; allowed: a file with nothing but an app-level token, which begins with xapp-"},
		"a token that is too short":        {head + "slack:\n  appTokenFile: app\n  botTokenFile: short\n  channel: C024BE91L\n" + user, "5: slack.botTokenFile: the file has something else"},
		"a channel's name":                 {head + "slack:\n  appTokenFile: app\n  botTokenFile: bot\n  channel: '#ops'\n" + user, "6: slack.channel: allowed: the ID of a channel, such as C024BE91L"},
		"a user's name for the ID":         {slack("  users: [{id: ann, user: ann@example.com}]\n"), `7: slack.users[0].id: "ann": allowed: the ID of a member, such as U024BE7LH`},
		"a person twice":                   {slack("  users:\n  - {id: U024BE7LH, user: ann}\n  - {id: U024BE7LH, user: bob}\n"), "9: slack.users[1].id: \"U024BE7LH\": the same as on line 8"},
		"somebody of the system":           {slack("  users: [{id: U024BE7LH, user: 'system:admin'}]\n"), `7: slack.users[0].user: "system:admin": allowed: a user's name as the API server knows it`},
		"a group of the system":            {slack("  users: [{id: U024BE7LH, user: ann, groups: ['system:masters']}]\n"), `7: slack.users[0].groups[0]: "system:masters": allowed: the name of a group`},
		"an address that is not encrypted": {slack("  apiURL: http://slack.example/api/\n" + user), "7: slack.apiURL: allowed: an https:// URL"},
		"a namespace that is none":         {slack("  namespaces: [Shop]\n" + user), `7: slack.namespaces[0]: "Shop": allowed: a list of names of namespaces`},
		"an unknown key":                   {slack("  chanel: C1\n" + user), `7: slack: "chanel": unknown key; did you mean channel?`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse(filepath.Join(folder(t), "chat.yaml"), []byte(test.text), nil)
			if err == nil || !strings.Contains(err.Error(), "chat.yaml:"+test.want) {
				t.Errorf("got  %v\nwant chat.yaml:%s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "xapp-1") {
				t.Errorf("a token is shown: %v", err)
			}
		})
	}
}
