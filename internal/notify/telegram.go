package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api.telegram.org/bot"+token+"/sendMessage", bytes.NewReader(body))
	if err != nil {
		return errors.New("the token makes no URL")
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	var answer struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || !answer.OK {
		return fmt.Errorf("status %d %s", response.StatusCode, answer.Description)
	}
	return nil
}
