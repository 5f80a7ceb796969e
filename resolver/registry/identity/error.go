package identity

import (
	"context"
	"errors"
)

// Error says that a cloud gave no token. Its text names the cloud and holds no
// address, no token and nothing that the cloud wrote; Err may name accounts and
// addresses, and is for the operator's log alone.
type Error struct {
	Provider Provider
	Err      error
}

func (e *Error) Error() string {
	return "getting a registry token: " + e.Summary()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Summary is the failure in a few words, fit for an admission warning.
func (e *Error) Summary() string {
	if errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, context.Canceled) {
		return e.Provider.identity() + ": no answer in time"
	}
	return e.Provider.identity() + ": none to be had"
}

var (
	errExpired  = errors.New("the token had expired when it came")
	errUnusable = errors.New("the answer has no usable token")
)
