package poll

import (
	"context"
	"errors"
	"testing"

	"github.com/garboard-dev/garboard/resolver"
)

// asked are credentials that count how often they are asked for.
type asked struct{ times int }

func (a *asked) For(ctx context.Context, _ resolver.Repository) ([]resolver.Credential, error) {
	a.times++
	return make([]resolver.Credential, a.times), ctx.Err()
}

func TestCredentialsAreFoundOnceForARepository(t *testing.T) {
	app, err := resolver.ParseRepository("example.com/app")
	other, errOther := resolver.ParseRepository("example.com/other")
	if err := errors.Join(err, errOther); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	inner := &asked{}
	r := &rememberedCredentials{inner: inner}
	for i, step := range []struct {
		what  string
		ctx   context.Context //nolint:containedctx // of one step
		of    resolver.Repository
		times int
	}{
		{"in a time that has ended", ended, app, 1},
		{"for the first time", t.Context(), app, 2},
		{"once more", t.Context(), app, 2},
		{"for another repository", t.Context(), other, 3},
	} {
		found, err := r.For(step.ctx, step.of)
		if inner.times != step.times || len(found) != step.times || (err != nil) != (i == 0) {
			t.Errorf("%s: asked %d times, got %d credentials and %v; want %d", step.what, inner.times, len(found), err, step.times)
		}
	}
}
