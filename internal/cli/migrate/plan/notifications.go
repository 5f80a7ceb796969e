package plan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/updater/notify"
)

// channel is one that takes the place of one of Keel's senders.
type channel struct {
	name string
	// command prints its URL; of names what that is made of.
	command string
	of      []string
	// template is for what does not take a line of text.
	template string
	comment  string
}

// channels are what Keel tells, in the order of its documentation.
func (s *environment) channels() []channel {
	k := s.keel
	all := s.slack()
	if k.Has(keel.MattermostEndpoint) {
		user := k.Value(keel.MattermostUsername, "keel")
		all = append(all, channel{name: "mattermost", of: []string{keel.MattermostEndpoint, keel.MattermostUsername},
			command: s.value(keel.MattermostEndpoint) + ` | sed -E 's#^https?://([^/]+)/hooks/(.+)$#mattermost://` + pathSafe(user) + `@\1/\2#'`})
	}
	if k.Has(keel.TeamsWebhookURL) {
		all = append(all, channel{name: "teams", of: []string{keel.TeamsWebhookURL},
			command: s.value(keel.TeamsWebhookURL) + ` | sed -E 's#^(https://([^/]+)/.+)$#teams+\1?host=\2#'`,
			comment: "An address of logic.azure.com is a workflow: docs/notifications.md has its URL and template."})
	}
	if k.Has(keel.DiscordWebhookURL) {
		all = append(all, channel{name: "discord", of: []string{keel.DiscordWebhookURL},
			command: s.value(keel.DiscordWebhookURL) + ` | sed -E 's#^https://[^/]+/api/webhooks/([^/]+)/(.+)$#discord://\2@\1#'`})
	}
	if k.Has(keel.WebhookEndpoint) {
		all = append(all, channel{name: "webhook", of: []string{keel.WebhookEndpoint},
			command:  s.value(keel.WebhookEndpoint) + ` | sed -E 's#^(.+)$#generic+\1#'`,
			template: `{"name": {{json .Reason}}, "message": {{json .Text}}, "level": {{json .Level}}, "createdAt": {{json .At}}}`,
			comment:  "The fields are not quite Keel's: make the template write what your program reads."})
	}
	if k.Has(keel.MailTo) {
		all = append(all, s.mail())
	}
	return append(all, s.shoutrrr()...)
}

// slack is a channel for each of Slack's.
func (s *environment) slack() []channel {
	if !s.keel.Has(keel.SlackBotToken) && !s.keel.Has(keel.SlackChannels) {
		return nil
	}
	var all []channel
	bot := s.keel.Value(keel.SlackBotName, "keel")
	for name := range strings.SplitSeq(s.keel.Value(keel.SlackChannels, "general"), ",") {
		name = strings.TrimPrefix(strings.TrimSpace(name), "#")
		if name == "" {
			continue
		}
		all = append(all, channel{name: named(name), of: []string{keel.SlackBotToken, keel.SlackChannels, keel.SlackBotName},
			command: s.value(keel.SlackBotToken) + ` | sed -E 's#^xoxb-(.+)$#slack://xoxb:\1@` + pathSafe(name) + `?botname=` + pathSafe(bot) + `#'`,
			comment: "Slack wants the channel's id (C…) in the URL, behind the @."})
	}
	return all
}

// escape writes a user or password as a URL has it.
const escape = `sed 's/%/%25/g;s/@/%40/g;s/:/%3A/g;s,/,%2F,g;s/#/%23/g;s/?/%3F/g;s/&/%26/g'`

func (s *environment) mail() channel {
	k := s.keel
	of := []string{keel.MailTo, keel.MailFrom, keel.MailServer, keel.MailPort}
	user, auth := "", "&auth=None"
	if k.Has(keel.MailUser) {
		user, auth = fmt.Sprintf("$(%s | %s):$(%s | %[2]s)@", s.value(keel.MailUser), escape, s.value(keel.MailPassword)), ""
		of = append(of, keel.MailUser, keel.MailPassword)
	}
	port := k.Value(keel.MailPort, "25")
	command := fmt.Sprintf(`printf '%%s' "smtp://%s%s:%s/?from=%s&to=%s%s"`,
		user, s.inline(keel.MailServer), pathSafe(port), s.inline(keel.MailFrom), s.inline(keel.MailTo), auth)
	return channel{name: "mail", of: of, command: command}
}

// addresses are texts that a shell and a URL take as they are.
var addresses = regexp.MustCompile(`^[A-Za-z0-9.@_,+-]+$`)

// inline is what a variable of mail holds, or a command in a shell's quotes that prints it.
func (s *environment) inline(name string) string {
	if value := s.keel.Env[name].Value; addresses.MatchString(value) {
		return value
	}
	return "$(" + s.value(name) + ")"
}

// shoutrrr is a channel for each URL. How many there are is known where the Deployment
// has them.
func (s *environment) shoutrrr() []channel {
	if !s.keel.Has(keel.ShoutrrrURLs) {
		return nil
	}
	count := max(1, len(strings.Fields(s.keel.Env[keel.ShoutrrrURLs].Value)))
	all := make([]channel, 0, count)
	for i := range count {
		c := channel{name: fmt.Sprintf("shoutrrr-%d", i+1), of: []string{keel.ShoutrrrURLs},
			command: fmt.Sprintf("%s | tr -s ' \\n' '\\n\\n' | sed -n %dp", s.value(keel.ShoutrrrURLs), i+1)}
		if s.keel.Env[keel.ShoutrrrURLs].Secret != "" {
			c.comment = "The Secret may have more URLs than one, divided by blanks: each is a channel and a key of its own."
		}
		all = append(all, c)
	}
	return all
}

// notifications writes the file, and what it refers to.
func (s *environment) notifications() (File, Secret, bool) {
	all := s.channels()
	if len(all) == 0 {
		return File{}, Secret{}, false
	}
	level := s.level()
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: %s\nkind: %s\nchannels:\n", notify.APIVersion, notify.Kind)
	secret := Secret{Name: notificationsName}
	for _, c := range all {
		if c.comment != "" {
			fmt.Fprintf(&text, "# %s\n", c.comment)
		}
		fmt.Fprintf(&text, "- name: %s\n  urlFile: %[1]s\n  default: true\n  level: %s\n", c.name, level)
		if c.template != "" {
			fmt.Fprintf(&text, "  batch: 0s\n  template: '%s'\n", c.template)
		}
		secret.Keys = append(secret.Keys, SecretKey{Name: c.name, Command: c.command, Of: c.of})
	}
	return File{ConfigMap: notificationsName, Name: "notifications.yaml", Text: text.String(), Overlay: "notifications"}, secret, true
}

// level is Keel's, which has one more.
func (s *environment) level() string {
	name := strings.ToLower(s.keel.Value(keel.NotificationLevel, "info"))
	if name == "fatal" {
		name = "error"
	}
	if _, err := notify.ParseLevel(name); err != nil {
		return "info" // as Keel does
	}
	return name
}

var unnamed = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// named makes a name of a channel.
func named(text string) string {
	name := strings.Trim(unnamed.ReplaceAllString(text, "-"), "-_")
	if name == "" {
		return "slack"
	}
	return name[:min(len(name), 63)]
}

var unsafeInPath = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// pathSafe is a text that stands in a URL, in an expression of sed and in a shell's quotes.
func pathSafe(text string) string { return unsafeInPath.ReplaceAllString(text, "-") }
