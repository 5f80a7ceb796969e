package notify

import (
	"context"
	"errors"
	"fmt"
)

// maxHung is how many sends of a channel may be left behind by their deadline
// and still be under way.
const maxHung = 4

var (
	errHung = errors.New("earlier messages are still being sent, and the service does not answer")
	errTime = errors.New("the service did not answer in time")
)

// sender sends to one channel. Most of shoutrrr's services know no context, and
// some wait for ever; so what takes too long is left to itself, and counted.
type sender struct {
	hung      chan struct{}
	delivered delivered
}

func newSender() *sender { return &sender{hung: make(chan struct{}, maxHung)} }

// send delivers a message before the context ends. The error has nothing of the
// URL.
func (s *sender) send(ctx context.Context, u URL, message string) error {
	select {
	case s.hung <- struct{}{}:
	default:
		return errHung
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-s.hung }()
		done <- s.deliver(ctx, u, message)
	}()
	select {
	case err := <-done:
		if err != nil && ctx.Err() != nil {
			return errTime
		}
		return u.redact(err)
	case <-ctx.Done():
		return errTime
	}
}

// Send sends one message, before the context ends. The error has nothing of the
// URL.
func Send(ctx context.Context, u URL, message string) error {
	return newSender().send(ctx, u, message)
}

// deliver hands the message to the service. A service that panics is one that
// failed.
func (s *sender) deliver(ctx context.Context, u URL, message string) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("the service's code failed: %v", caught)
		}
	}()
	opened, err := u.open()
	if err != nil {
		return err
	}
	return u.sendBy(ctx, opened, message, &s.delivered)
}
