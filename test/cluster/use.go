package cluster

import (
	"context"
	"errors"
)

// Use starts a cluster for as long as a function takes, and stops it, whatever
// became of the context. The error is the function's, or one of start and stop.
func Use(ctx context.Context, o Options, do func(*Cluster) error) (err error) {
	c, err := Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		err = errors.Join(err, c.Stop(end))
	}()
	return do(c)
}
