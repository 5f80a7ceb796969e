package main

import (
	"context"
	"errors"
	"sync"

	"github.com/go-logr/logr"

	"github.com/keelson-dev/keelson/resolver"
)

// told are credentials whose failures are logged with all that is known of
// them, once for as long as they are the same. The writers of workloads read no
// more than a summary.
type told struct {
	inner resolver.Credentials
	log   logr.Logger

	mu   sync.Mutex
	last string
}

// For is the inner one's.
func (t *told) For(ctx context.Context, repository string) ([]resolver.Credential, error) {
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
	if text := err.Error() + ": " + cause.Error(); text != t.last {
		t.last = text
		t.log.Info("no credential", "repository", repository, "error", err.Error(), "cause", cause.Error())
	}
	return found, err
}
