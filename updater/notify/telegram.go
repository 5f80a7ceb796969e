package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"

	"github.com/garboard-dev/garboard/internal/printable"
)

// maxAnswer is what is read of an answer.
const maxAnswer = 64 << 10

// sendTelegram speaks to the bot API itself: shoutrrr's own client (0.13) takes
// everything for sent that is answered without JSON, or not at all. Each chat is sent to by
// itself: one that is refused costs the others nothing.
func sendTelegram(ctx context.Context, config *telegram.Config, message string, done *delivered) error {
	var failed []error
	for _, chat := range config.Chats {
		if done.has(message, chat) {
			continue
		}
		err := inParts(message, maxTelegram, func(part string) error { return sendToChat(ctx, config, chat, part) })
		if err != nil {
			failed = append(failed, fmt.Errorf("to %q: %w", chat, err))
			continue
		}
		done.add(message, chat)
	}
	return named("telegram", errors.Join(failed...))
}

func sendToChat(ctx context.Context, config *telegram.Config, chat, text string) error {
	id, topic, _ := strings.Cut(chat, ":")
	payload := telegram.SendMessagePayload{
		Text: text, ID: id, DisablePreview: !config.Preview, DisableNotification: !config.Notification,
	}
	if thread, err := strconv.Atoi(topic); err == nil {
		payload.MessageThreadID = &thread
	}
	if config.ParseMode != telegram.ParseModes.None {
		payload.ParseMode = config.ParseMode.String()
	}
	status, err := postTelegram(ctx, config.Token, payload)
	if status == http.StatusBadRequest && payload.ParseMode != "" {
		// What others named may be no such text: a '_' without another.
		payload.ParseMode = ""
		_, err = postTelegram(ctx, config.Token, payload)
	}
	return err
}

// postTelegram returns the status of the answer, 0 where there is none.
func postTelegram(ctx context.Context, token string, payload telegram.SendMessagePayload) (status int, err error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return 0, fmt.Errorf("writing the message: %w", err)
	}
	got, err := postJSON(ctx, "https://api.telegram.org/bot"+token+"/sendMessage", nil, body)
	if err != nil {
		return 0, err
	}
	var said struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(got.body, &said); err != nil || !got.taken() || !said.OK {
		return got.status, fmt.Errorf("%w %s", got.failed(), printable.OneLine(said.Description, maxField))
	}
	return got.status, nil
}
