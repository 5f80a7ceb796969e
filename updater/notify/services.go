package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/garboard-dev/garboard/internal/printable"
)

// How many characters a service takes of one message, in the UTF-16 units by which
// Telegram counts; what is longer is sent in parts.
const (
	maxDiscord  = 2000
	maxTelegram = 4096
)

// sendBy sends a message by a service. shoutrrr (0.13) takes for sent what was answered
// by a redirect, and of a long message to Discord loses lines: those that it has their
// own code for here are sent to by requests of ours. done is who has the message already.
func (u URL) sendBy(ctx context.Context, to service, message string, done *delivered) error {
	switch service := to.(type) {
	case *telegram.Service:
		return sendTelegram(ctx, service.GetConfig(), message, done)
	case *discord.Service:
		service.HTTPClient = bound{ctx, newClient()}
		service.Config.SplitLines = false // a line each is what it loses lines by
		limit := maxDiscord
		if service.Config.JSON {
			limit = len(message)
		}
		return inParts(message, limit, func(part string) error { return service.Send(part, &types.Params{}) })
	case *slack.Service:
		return sendSlack(ctx, service.Config, message)
	case *teams.Service:
		return sendTeams(ctx, service.Config, message)
	case *webhook:
		return u.sendGeneric(ctx, service.config, message)
	case *mail:
		return service.send(ctx, message, done)
	case *mattermost.Service:
		service.GetHTTPClient().CheckRedirect = keepsBody
	}
	return to.Send(message, &types.Params{})
}

// inParts sends a message in as many parts as it takes, one after the other.
func inParts(message string, limit int, send func(part string) error) error {
	for message != "" {
		end, next := partOf(message, limit)
		if err := send(message[:end]); err != nil {
			return err
		}
		message = message[next:]
	}
	return nil
}

// partOf returns where the first part of a message ends, and where the next begins: at
// the last line end within the limit, or, where a line is longer, in it.
func partOf(message string, limit int) (end, next int) {
	units, line := 0, 0
	for i, r := range message {
		if units += max(1, utf16.RuneLen(r)); units > limit {
			if line > 0 {
				return line, line + 1
			}
			return max(i, 1), max(i, 1)
		}
		if r == '\n' && i > 0 {
			line = i
		}
	}
	return len(message), len(message)
}

// sendSlack posts to a webhook, or as a bot.
func sendSlack(ctx context.Context, config *slack.Config, message string) error {
	body, err := json.Marshal(slack.CreateJSONPayload(config, message))
	if err != nil {
		return fmt.Errorf("slack: writing the message: %w", err)
	}
	if !config.Token.IsAPIToken() {
		got, err := postJSON(ctx, config.Token.WebhookURL(), nil, body)
		if err == nil && (got.status != http.StatusOK || string(got.body) != "ok" && len(got.body) > 0) {
			err = fmt.Errorf("%w %s", got.failed(), printable.OneLine(string(got.body), maxField))
		}
		return named("slack", err)
	}
	got, err := postJSON(ctx, "https://slack.com/api/chat.postMessage", http.Header{"Authorization": {config.Token.Authorization()}}, body)
	if err != nil {
		return named("slack", err)
	}
	var said slack.APIResponse
	if err := json.Unmarshal(got.body, &said); err != nil || !got.taken() || !said.Ok {
		return named("slack", fmt.Errorf("%w %s", got.failed(), printable.OneLine(said.Error, maxField)))
	}
	return nil
}

// sendTeams posts a card with a section a line to an old connector.
func sendTeams(ctx context.Context, config *teams.Config, message string) error {
	type section struct {
		Text string `json:"text"`
	}
	card := struct {
		Type     string    `json:"@type"`
		Context  string    `json:"@context"`
		Markdown bool      `json:"markdown"`
		Title    string    `json:"title,omitempty"`
		Color    string    `json:"themeColor,omitempty"`
		Summary  string    `json:"summary"`
		Sections []section `json:"sections"`
	}{Type: "MessageCard", Context: "http://schema.org/extensions", Markdown: true, Title: config.Title, Color: config.Color}
	for line := range strings.SplitSeq(message, "\n") {
		card.Sections = append(card.Sections, section{line})
	}
	card.Summary = cmp.Or(config.Title, shortened(card.Sections[0].Text, 21))
	body, err := json.Marshal(card)
	if err != nil {
		return fmt.Errorf("teams: writing the message: %w", err)
	}
	address := teams.BuildWebhookURL(config.Host, config.Group, config.Tenant, config.AltID, config.GroupOwner, config.ExtraID)
	if err := teams.ValidateWebhookURL(address); err != nil {
		return named("teams", err)
	}
	got, err := postJSON(ctx, address, nil, body)
	if err == nil && got.status != http.StatusOK {
		err = got.failed()
	}
	return named("teams", err)
}

// shortened is the beginning of a text, of at most n bytes.
func shortened(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// named says which service an error is of.
func named(service string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", service, err)
}
