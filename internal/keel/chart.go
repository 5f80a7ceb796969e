package keel

import (
	"fmt"
	"slices"
	"strings"
)

// chartValues are the values of Keel's chart and the variables that it makes of them.
// What it writes into its Secret is a secret.
var chartValues = []struct {
	path, variable string
	secret         bool
}{
	{"polling.enabled", Poll, false},
	{"polling.defaultSchedule", PollDefaultSchedule, false},
	{"helmProvider.enabled", Helm3Provider, false},
	{"helmProvider.helmDriver", "HELM_DRIVER", false},
	{"gcr.projectId", "PROJECT_ID", false},
	{"gcr.clusterName", "CLUSTER_NAME", false},
	{"gcr.pubSub.enabled", PubSub, false},
	{"ecr.accessKeyId", "AWS_ACCESS_KEY_ID", false},
	{"ecr.secretAccessKey", "AWS_SECRET_ACCESS_KEY", true},
	{"ecr.region", "AWS_REGION", false},
	{"aws.region", "AWS_REGION", false},
	{"googleApplicationCredentials", "GOOGLE_APPLICATION_CREDENTIALS", true},
	{"insecureRegistry", InsecureRegistry, false},
	{"debug", Debug, false},
	{"notificationLevel", NotificationLevel, false},
	{"webhook.endpoint", WebhookEndpoint, true},
	{"slack.botToken", SlackBotToken, true},
	{"slack.appToken", SlackAppToken, true},
	{"slack.botName", SlackBotName, false},
	{"slack.channel", SlackChannels, false},
	{"slack.approvalsChannel", "SLACK_APPROVALS_CHANNEL", false},
	{"hipchat.token", "HIPCHAT_TOKEN", true},
	{"hipchat.channel", "HIPCHAT_CHANNELS", false},
	{"hipchat.approvalsChannel", "HIPCHAT_APPROVALS_CHANNEL", false},
	{"hipchat.botName", "HIPCHAT_APPROVALS_BOT_NAME", false},
	{"hipchat.userName", "HIPCHAT_APPROVALS_USER_NAME", false},
	{"hipchat.password", "HIPCHAT_APPROVALS_PASSWORT", true},
	{"mattermost.endpoint", MattermostEndpoint, true},
	{"teams.webhookUrl", TeamsWebhookURL, true},
	{"discord.webhookUrl", DiscordWebhookURL, true},
	{"shoutrrr.urls", ShoutrrrURLs, true},
	{"shoutrrr.timeout", "SHOUTRRR_TIMEOUT", false},
	{"mail.to", MailTo, false},
	{"mail.from", MailFrom, false},
	{"mail.smtp.server", MailServer, false},
	{"mail.smtp.port", MailPort, false},
	{"mail.smtp.user", MailUser, false},
	{"mail.smtp.pass", MailPassword, true},
	{"basicauth.user", BasicAuthUser, false},
	{"basicauth.password", BasicAuthPassword, true},
}

// ofChart are the variables that the chart sets where the values say nothing.
var ofChart = map[string]string{PollDefaultSchedule: "@every 1m", Helm3Provider: "true"}

// ownValues are values that hardly another chart has.
var ownValues = []string{"polling", "helmProvider", "hipchat", "notificationLevel", "insecureRegistry", "gcr", "webhookRelay", "basicauth", "dockerRegistry"}

func hasOwn(values map[string]any) bool {
	return slices.ContainsFunc(ownValues, func(name string) bool { _, given := values[name]; return given })
}

// FromValues reads the values of Keel's chart, as a file gives them to Helm, also where
// the chart is part of another. ok is false where they are those of something else. Of
// what belongs into a Secret, that it is set is kept, and not what it is.
func FromValues(values map[string]any) (i Installation, ok bool) {
	if part := childMap(values, "keel"); !hasOwn(values) && hasOwn(part) {
		values = part
	}
	for name := range values {
		switch _, known := ValueOf(name); {
		case known:
			ok = true
		case !hasOwn(values):
			return Installation{}, false
		}
	}
	return installed(values), ok
}

// installed is what the chart makes of values.
func installed(values map[string]any) Installation {
	i := Installation{
		Namespace: "keel", Name: "keel", Container: "keel", Image: "ghcr.io/keel-hq/keel",
		Env: map[string]Setting{}, Unread: unread(values),
	}
	secret := "keel"
	i.Relay, _ = childMap(values, "webhookRelay")["enabled"].(bool)
	if exposed, _ := childMap(values, "service")["enabled"].(bool); exposed {
		i.Service = "keel"
	}
	if name := asText(childMap(values, "secret")["name"]); name != "" {
		secret = name // which may hold more than the values say
		i.SecretRefs = []Ref{{Name: name}}
	}
	for _, v := range chartValues {
		value, given := at(values, v.path)
		if !given {
			value = ofChart[v.variable]
		}
		group, _, _ := strings.Cut(v.path, ".")
		if enabled, is := childMap(values, group)["enabled"].(bool); value == "" || is && !enabled && v.variable != Poll {
			continue
		}
		if v.secret {
			i.Env[v.variable] = Setting{Secret: secret, Key: v.variable}
		} else {
			i.Env[v.variable] = Setting{Value: value}
		}
	}
	for _, item := range asList(values["extraEnv"]) {
		if name := asText(asMap(item)["name"]); name != "" {
			i.Env[name] = Setting{Value: asText(asMap(item)["value"])}
		}
	}
	return i
}

// notifiers are the values of channels, of which older charts have other ones.
var notifiers = []string{"slack", "mattermost", "teams", "discord", "webhook", "shoutrrr"}

// unread are the values that the chart does not read.
func unread(values map[string]any) []string {
	var found []string
	for name, value := range values {
		if _, known := ValueOf(name); !known {
			found = append(found, name)
		}
		if !slices.Contains(notifiers, name) {
			continue
		}
		for key := range asMap(value) {
			path := name + "." + key
			known := key == "enabled"
			for _, v := range chartValues {
				known = known || v.path == path
			}
			if !known {
				found = append(found, path)
			}
		}
	}
	slices.Sort(found)
	return found
}

func at(values map[string]any, path string) (string, bool) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		values = childMap(values, key)
	}
	switch v := values[keys[len(keys)-1]].(type) {
	case nil, map[string]any:
		return "", false
	default:
		return fmt.Sprint(v), true
	}
}
