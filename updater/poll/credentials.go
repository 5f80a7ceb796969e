package poll

import (
	"context"
	"sync"

	"github.com/garboard-dev/garboard/resolver"
)

// rememberedCredentials are those of one container, found once for all that one evaluation
// asks: the answer, the dates of its images and the group of its readers. They are not kept
// for longer.
type rememberedCredentials struct {
	inner resolver.Credentials

	mu      sync.Mutex
	known   bool
	of      resolver.Repository
	found   []resolver.Credential
	missing error
}

// For implements resolver.Credentials. What ended with its context is asked for again.
func (r *rememberedCredentials) For(ctx context.Context, repository resolver.Repository) ([]resolver.Credential, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known && r.of == repository {
		return r.found, r.missing
	}
	found, missing := r.inner.For(ctx, repository)
	if ctx.Err() == nil {
		r.known, r.of, r.found, r.missing = true, repository, found, missing
	}
	return found, missing
}
