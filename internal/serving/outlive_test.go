package serving_test

import (
	"context"
	"errors"
	"testing"

	"github.com/garboard-dev/garboard/internal/serving"
)

// Without it, caches end with the process's context, and the last requests are answered
// without them.
func TestWhatIsNeededOutlivesTheServer(t *testing.T) {
	failed := errors.New("failed")
	untilItEnds := func(ctx context.Context) error { <-ctx.Done(); return nil }
	for name, test := range map[string]struct {
		serve, needed func(context.Context) error
		end           bool
		want          error
	}{
		"the end":                        {serve: untilItEnds, needed: untilItEnds, end: true},
		"a server that fails":            {serve: func(context.Context) error { return failed }, needed: untilItEnds, want: failed},
		"what is needed fails":           {serve: untilItEnds, needed: func(context.Context) error { return failed }, want: failed},
		"a server that ends by itself":   {serve: func(context.Context) error { return nil }, needed: untilItEnds},
		"what is needed ends by itself":  {serve: untilItEnds, needed: func(context.Context) error { return nil }},
		"the end, and a failure at last": {serve: func(ctx context.Context) error { <-ctx.Done(); return failed }, needed: untilItEnds, end: true, want: failed},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			served := make(chan struct{})
			serve := func(ctx context.Context) error { defer close(served); return test.serve(ctx) }
			needed := func(ctx context.Context) error {
				err := test.needed(ctx)
				select {
				case <-served:
				default:
					if err == nil && ctx.Err() != nil {
						t.Error("what is needed ended before the server")
					}
				}
				return err
			}
			if test.end {
				end()
			}
			if err := serving.Outlive(ctx, serve, needed); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}
