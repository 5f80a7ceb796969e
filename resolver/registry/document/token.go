package document

import (
	"encoding/json"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

const (
	// The token specification's default, and the least that we believe.
	minTokenLife = time.Minute
	maxTokenLife = 24 * time.Hour
	// maxToken is more than any header may carry.
	maxToken = 32 << 10
)

// ReadToken reads the answer of a token service: the token, fit to stand in a
// header, and how long it lives, in bounds. Its errors never quote the answer.
func ReadToken(body []byte) (token string, life time.Duration, err error) {
	var answer struct {
		Token       string  `json:"token"`
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "", 0, failure.Bad("token answer is no JSON object") // its own error would quote the token
	}
	token = answer.Token
	if token == "" {
		token = answer.AccessToken
	}
	if !sendable(token) {
		return "", 0, failure.Bad("token answer has no usable token")
	}
	return token, tokenLife(answer.ExpiresIn), nil
}

// tokenLife bounds what the service says, in seconds.
func tokenLife(seconds float64) time.Duration {
	if seconds > maxTokenLife.Seconds() {
		return maxTokenLife
	}
	return max(minTokenLife, time.Duration(seconds*float64(time.Second)))
}

// sendable reports whether a token can stand in a header.
func sendable(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}
