package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// sealer lets a browser keep what it can neither read nor change. Its key is of this
// process alone.
type sealer struct{ cipher cipher.AEAD }

func newSealer() (*sealer, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making the key of cookies: %w", err)
	}
	made, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making the key of cookies: %w", err)
	}
	return &sealer{made}, nil
}

func (s *sealer) seal(value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("sealing a cookie: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.cipher.Seal(nil, nil, text, nil)), nil //nolint:gosec // the cipher makes a nonce of its own
}

// open reports whether a text was sealed here, and reads it.
func (s *sealer) open(sealed string, value any) bool {
	text, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return false
	}
	text, err = s.cipher.Open(nil, nil, text, nil)
	return err == nil && json.Unmarshal(text, value) == nil
}
