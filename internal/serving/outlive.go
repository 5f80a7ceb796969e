package serving

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Outlive runs serve until ctx ends, and needed for as long as serve answers: what the
// last requests need is there for them. If either ends early, so does the other.
func Outlive(ctx context.Context, serve, needed func(context.Context) error) error {
	serving, end := context.WithCancel(ctx)
	defer end()
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var both errgroup.Group
	both.Go(func() error { defer end(); return needed(lasting) })
	both.Go(func() error { defer stop(); return serve(serving) })
	return both.Wait()
}
