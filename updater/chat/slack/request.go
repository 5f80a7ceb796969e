package slack

import (
	"context"
	"html"
	"regexp"
	"strings"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/chat"
	"github.com/garboard-dev/garboard/updater/chat/config"
)

// mention is the bot's name before a command.
var mention = regexp.MustCompile(`^\s*<@[A-Z0-9]+(\|[^>]*)?>[\s:,]*`)

// request is a command of a person. fault says why a message is not a command.
type request struct {
	person  string
	command chat.Command
	fault   error
}

// requestOf reads what was sent; false for what is not meant for Garboard: what other
// channels and bots write, and buttons of other applications.
func requestOf(event socketmode.Event, settings *config.Slack) (request, bool) {
	switch data := event.Data.(type) {
	case slackapi.InteractionCallback:
		if data.Type != slackapi.InteractionTypeBlockActions || data.Channel.ID != settings.Channel || len(data.ActionCallback.BlockActions) != 1 {
			return request{}, false
		}
		return pressed(data.User.ID, data.ActionCallback.BlockActions[0])
	case slackapi.SlashCommand:
		return written(data.UserID, data.Text), data.ChannelID == settings.Channel
	case slackevents.EventsAPIEvent:
		message, ok := data.InnerEvent.Data.(*slackevents.AppMentionEvent)
		if !ok || message.Channel != settings.Channel || message.BotID != "" || message.User == "" {
			return request{}, false
		}
		return written(message.User, mention.ReplaceAllString(message.Text, "")), true
	}
	return request{}, false
}

// written reads a message, in which Slack has escaped three characters.
func written(person, text string) request {
	command, err := chat.ParseCommand(html.UnescapeString(text))
	return request{person: person, command: command, fault: err}
}

// pressed reads a button: its name is the verdict, its value says what is voted on.
func pressed(person string, button *slackapi.BlockAction) (request, bool) {
	verdict := v1alpha1.Verdict(button.ActionID)
	parts := strings.Split(button.Value, "/")
	if verdict != v1alpha1.VerdictApprove && verdict != v1alpha1.VerdictReject || len(parts) != 3 {
		return request{}, false
	}
	update := types.NamespacedName{Namespace: parts[0], Name: parts[1]}
	return request{person: person, command: chat.Vote(verdict, update, types.UID(parts[2]))}, true
}

// valueOf is what a button says of its update.
func valueOf(u *v1alpha1.ImageUpdate) string {
	return u.Namespace + "/" + u.Name + "/" + string(u.UID)
}

// answer does what was asked for and tells the person alone.
func (w *Workspace) answer(ctx context.Context, settings *config.Slack, api *slackapi.Client, r request) {
	text, done := "", false
	if r.fault != nil {
		text = r.fault.Error()
	} else {
		text, done = w.options.Commands.Answer(ctx, &settings.Room, r.person, r.command)
	}
	w.options.Metrics.Answered("slack", done)
	if _, err := api.PostEphemeralContext(ctx, settings.Channel, r.person, slackapi.MsgOptionText(text, true)); err != nil {
		w.options.Log.Error(withoutURL(err), "answering in Slack")
	}
}
