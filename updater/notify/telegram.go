package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"

	"github.com/garboard-dev/garboard/internal/printable"
)

// maxAnswer is what is read of an answer.
const maxAnswer = 64 << 10

// sendTelegram speaks to the bot API itself: shoutrrr's own client (0.13) takes
// everything for sent that is answered without JSON, or not at all.
func sendTelegram(ctx context.Context, config *telegram.Config, message string) error {
	for _, chat := range config.Chats {
		id, topic, _ := strings.Cut(chat, ":")
		payload := telegram.SendMessagePayload{
			Text: message, ID: id, DisablePreview: !config.Preview, DisableNotification: !config.Notification,
		}
		if thread, err := strconv.Atoi(topic); err == nil {
			payload.MessageThreadID = &thread
		}
		if config.ParseMode != telegram.ParseModes.None {
			payload.ParseMode = config.ParseMode.String()
		}
		if err := postTelegram(ctx, config.Token, payload); err != nil {
			return fmt.Errorf("telegram: %w", err)
		}
	}
	return nil
}

func postTelegram(ctx context.Context, token string, payload telegram.SendMessagePayload) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("writing the message: %w", err)
	}
	got, err := postJSON(ctx, "https://api.telegram.org/bot"+token+"/sendMessage", nil, body)
	if err != nil {
		return err
	}
	var said struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(got.body, &said); err != nil || !got.taken() || !said.OK {
		return fmt.Errorf("%w %s", got.failed(), printable.OneLine(said.Description, maxField))
	}
	return nil
}
