package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/garboard-dev/garboard/internal/configfile"
)

// Bounds on the file: the users are rights of the updater's account, too.
const (
	maxUsers      = 1000
	maxGroups     = 32
	maxNamespaces = 1000
	maxName       = 1024 // what a vote's voter may have, in bytes
)

// slackAPI is where Slack's API is.
const slackAPI = "https://slack.com/api/"

const (
	allowedAppToken   = "a file with nothing but an app-level token, which begins with xapp-"
	allowedBotToken   = "a file with nothing but a bot's token, which begins with xoxb-"
	allowedToken      = "a file with nothing but the token of the slash command, 16 characters or more"
	allowedChannel    = "the ID of a channel, such as C024BE91L"
	allowedSlackUser  = "the ID of a member, such as U024BE7LH"
	allowedUserID     = "the ID of a user, 26 letters and digits"
	allowedName       = "a user's name as the API server knows it, such as ann@example.com; not one of the system's"
	allowedGroup      = "the name of a group as the API server knows it, not one of the system's"
	allowedUsers      = "a list of mappings, each with id and user"
	allowedNamespaces = "a list of names of namespaces"
	allowedAPIURL     = "an https:// URL without user, query and fragment, with a slash at its end"
)

var (
	channelForm    = regexp.MustCompile(`^[CG][A-Z0-9]{2,31}$`)
	slackUserForm  = regexp.MustCompile(`^[UW][A-Z0-9]{2,31}$`)
	mattermostForm = regexp.MustCompile(`^[a-z0-9]{26}$`)
)

// Parse reads a settings file. name is its path, which messages begin with; the files
// that the settings name are read of from, for a [configfile.Watcher]; nil are those of its
// folder. The error is of type [configfile.Faults] and holds all that is wrong.
func Parse(name string, data []byte, from *configfile.Files) (*Config, error) {
	format := configfile.Format{APIVersion: APIVersion, Kind: Kind, Secret: []string{"appTokenFile", "botTokenFile", "tokenFile"}}
	return configfile.Parse(format, name, data, from, func(common *configfile.Reader, root configfile.Value) *Config {
		r := &reader{common}
		return r.config(root)
	})
}

type reader struct{ *configfile.Reader }

func (r *reader) config(at configfile.Value) *Config {
	c := &Config{}
	given := r.Root(at, configfile.Fields{
		"slack":      configfile.Set(&c.Slack, r.slack),
		"mattermost": configfile.Set(&c.Mattermost, r.mattermost),
	})
	_, slack := given["slack"]
	if _, mattermost := given["mattermost"]; given != nil && !slack && !mattermost {
		r.Bad(at, "no chat is given", "slack, mattermost, or both")
	}
	return c
}

func (r *reader) slack(at configfile.Value) *Slack {
	s := &Slack{APIURL: slackAPI}
	known := r.room(&s.Room, slackUserForm, allowedSlackUser)
	known["appTokenFile"] = configfile.Set(&s.AppToken, r.token("xapp-", 16, allowedAppToken))
	known["botTokenFile"] = configfile.Set(&s.BotToken, r.token("xoxb-", 16, allowedBotToken))
	known["channel"] = configfile.Set(&s.Channel, r.formed(channelForm, allowedChannel))
	known["apiURL"] = configfile.Set(&s.APIURL, r.apiURL)
	given := r.Object(at, known)
	r.Need(at, given, "appTokenFile", allowedAppToken)
	r.Need(at, given, "botTokenFile", allowedBotToken)
	r.Need(at, given, "channel", allowedChannel)
	r.Need(at, given, "users", allowedUsers)
	return s
}

func (r *reader) mattermost(at configfile.Value) *Mattermost {
	m := &Mattermost{}
	known := r.room(&m.Room, mattermostForm, allowedUserID)
	known["tokenFile"] = configfile.Set(&m.Token, r.token("", 16, allowedToken))
	given := r.Object(at, known)
	r.Need(at, given, "tokenFile", allowedToken)
	r.Need(at, given, "users", allowedUsers)
	return m
}

// room has the keys that all chats have.
func (r *reader) room(to *Room, form *regexp.Regexp, allowed string) configfile.Fields {
	return configfile.Fields{
		"users": configfile.Set(&to.Users, func(at configfile.Value) []User {
			return r.users(at, form, allowed)
		}),
		"namespaces": configfile.Set(&to.Namespaces, r.namespaces),
	}
}

func (r *reader) users(at configfile.Value, form *regexp.Regexp, allowed string) []User {
	var users []User
	lines := map[string]int{}
	n := r.List(at, allowedUsers, func(item configfile.Value) {
		if len(users) == maxUsers {
			return
		}
		var u User
		given := r.Object(item, configfile.Fields{
			"id":     configfile.Set(&u.ID, r.formed(form, allowed)),
			"user":   configfile.Set(&u.Name, r.subject(allowedName)),
			"groups": configfile.Set(&u.Groups, r.groups),
		})
		r.Need(item, given, "id", allowed)
		r.Need(item, given, "user", allowedName)
		id, ok := given["id"]
		if line, again := lines[u.ID]; ok && again && u.ID != "" {
			r.Once(id, line, "each person once")
			return
		}
		lines[u.ID] = item.Node.Line
		users = append(users, u)
	})
	if n > maxUsers {
		r.Bad(at, fmt.Sprintf("%d users", n), fmt.Sprintf("up to %d", maxUsers))
	}
	return users
}

func (r *reader) groups(at configfile.Value) []string {
	return r.texts(at, maxGroups, "a list of names of groups", r.subject(allowedGroup))
}

func (r *reader) namespaces(at configfile.Value) []string {
	return r.texts(at, maxNamespaces, allowedNamespaces, func(item configfile.Value) string {
		name := r.Text(item, allowedNamespaces)
		if name != "" && len(validation.IsDNS1123Label(name)) > 0 {
			r.Bad(item, "", allowedNamespaces)
		}
		return name
	})
}

func (r *reader) texts(at configfile.Value, most int, allowed string, read func(configfile.Value) string) []string {
	var texts []string
	n := r.List(at, allowed, func(item configfile.Value) {
		if len(texts) < most {
			texts = append(texts, read(item))
		}
	})
	switch {
	case n > most:
		r.Bad(at, fmt.Sprintf("%d of them", n), fmt.Sprintf("up to %d", most))
	case n == 0 && at.Has("!!seq"):
		r.Bad(at, "the list is empty", allowed)
	}
	return texts
}

// subject reads whom votes are cast as. Names of the system are no people: a vote in
// their name would be one that no person answers for.
func (r *reader) subject(allowed string) func(configfile.Value) string {
	return func(at configfile.Value) string {
		name := r.Text(at, allowed)
		if len(name) > maxName || strings.HasPrefix(name, "system:") {
			r.Bad(at, "", allowed)
			return ""
		}
		return name
	}
}

func (r *reader) formed(form *regexp.Regexp, allowed string) func(configfile.Value) string {
	return func(at configfile.Value) string {
		text := r.Text(at, allowed)
		if text != "" && !form.MatchString(text) {
			r.Bad(at, "", allowed)
			return ""
		}
		return text
	}
}

func (r *reader) token(prefix string, least int, allowed string) func(configfile.Value) configfile.Secret {
	return func(at configfile.Value) configfile.Secret {
		text := r.SecretFile(at)
		if text != "" && (len(text) < least || !strings.HasPrefix(text, prefix) || strings.ContainsAny(text, " \t\r\n")) {
			r.Bad(at, "the file has something else", allowed)
			return ""
		}
		return configfile.Secret(text)
	}
}

// apiURL reads where Slack's API is; plain HTTP is for this machine alone.
func (r *reader) apiURL(at configfile.Value) string {
	text := r.Text(at, allowedAPIURL)
	if text == "" {
		return slackAPI
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasSuffix(u.Path, "/") ||
		u.Scheme != "https" && (u.Scheme != "http" || !net.ParseIP(u.Hostname()).IsLoopback()) {
		at.Veiled = true // it may hold a password
		r.Bad(at, "", allowedAPIURL)
		return slackAPI
	}
	return text
}
