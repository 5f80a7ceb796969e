package slack

import (
	"context"
	"errors"

	slackapi "github.com/slack-go/slack"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/updater/chat"
)

// maxBlock is what a block takes of text, in characters.
const maxBlock = 3000

var errOff = errors.New("no Slack is set up")

// Shows implements chat.Messenger.
func (w *Workspace) Shows(namespace string) bool {
	settings, _, _ := w.current()
	return settings != nil && settings.Shows(namespace)
}

// Post implements chat.Messenger. A message is named by the time that Slack gives it.
func (w *Workspace) Post(ctx context.Context, u *v1alpha1.ImageUpdate) (string, error) {
	settings, api, _ := w.current()
	if settings == nil {
		return "", errOff
	}
	_, message, err := api.PostMessageContext(ctx, settings.Channel, contentOf(u)...)
	return message, faultOf(err)
}

// Change implements chat.Messenger.
func (w *Workspace) Change(ctx context.Context, message string, u *v1alpha1.ImageUpdate) error {
	settings, api, _ := w.current()
	if settings == nil {
		return errOff
	}
	_, _, _, err := api.UpdateMessageContext(ctx, settings.Channel, message, contentOf(u)...)
	return faultOf(err)
}

// contentOf is a message. All of it is plain text: names and comments mention no user and
// link to nothing.
func contentOf(u *v1alpha1.ImageUpdate) []slackapi.MsgOption {
	title := u.Namespace + ": " + chat.Summary(u)
	blocks := []slackapi.Block{section(title)}
	if voters := chat.Voters(u); voters != "" {
		blocks = append(blocks, section(voters))
	}
	if u.Status.Phase == v1alpha1.PhasePending {
		blocks = append(blocks, section("garboard approve -n "+u.Namespace+" "+u.Name), buttons(u))
	}
	return []slackapi.MsgOption{
		slackapi.MsgOptionText(title, true), slackapi.MsgOptionBlocks(blocks...),
		slackapi.MsgOptionDisableLinkUnfurl(), slackapi.MsgOptionDisableMediaUnfurl(),
	}
}

func section(text string) slackapi.Block {
	return slackapi.NewSectionBlock(plain(printable.Cut(text, maxBlock)), nil, nil)
}

func buttons(u *v1alpha1.ImageUpdate) slackapi.Block {
	button := func(verdict v1alpha1.Verdict, style slackapi.Style) *slackapi.ButtonBlockElement {
		b := slackapi.NewButtonBlockElement(string(verdict), valueOf(u), plain(string(verdict)))
		return b.WithStyle(style)
	}
	return slackapi.NewActionBlock("votes", button(v1alpha1.VerdictApprove, slackapi.StylePrimary), button(v1alpha1.VerdictReject, slackapi.StyleDanger))
}

func plain(text string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, text, false, false)
}

// faultOf says what an answer of Slack means to the reconciler.
func faultOf(err error) error {
	var limited *slackapi.RateLimitedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limited):
		return &chat.LaterError{After: limited.RetryAfter}
	case err.Error() == "message_not_found":
		return chat.ErrNoMessage
	default:
		return withoutURL(err)
	}
}
