package main

import (
	"context"
	"errors"
	"sync"

	"github.com/go-logr/logr"

	"github.com/garboard-dev/garboard/resolver"
)

// loggedCredentials are credentials whose failures are logged with all that is known of
// them, each once. The writers of workloads read no more than a summary.
type loggedCredentials struct {
	inner resolver.Credentials
	log   logr.Logger

	mu    sync.Mutex
	known map[string]bool
}

// maxTold is how many failures are remembered: one of each cloud and region.
const maxTold = 64

// For is the inner one's.
func (t *loggedCredentials) For(ctx context.Context, repository resolver.Repository) ([]resolver.Credential, error) {
	found, err := t.inner.For(ctx, repository)
	if err == nil || ctx.Err() != nil {
		return found, err
	}
	cause := err
	if inner := errors.Unwrap(err); inner != nil {
		cause = inner
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := err.Error() + ": " + cause.Error(); !t.known[text] {
		if t.known == nil || len(t.known) == maxTold {
			t.known = map[string]bool{}
		}
		t.known[text] = true
		t.log.Info("no credential", "repository", repository.String(), "error", err.Error(), "cause", cause.Error())
	}
	return found, err
}
