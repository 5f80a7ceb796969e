package registry

import (
	"context"
	"io"
)

// Few long lists are read at a time, of all registries together: forty of them,
// each within its own bounds, would be more than a webhook's memory.
const (
	// smallList is how many bytes of a list are read without a place. Lists of
	// ten thousand tags are smaller.
	smallList = 512 << 10
	// largeLists is how many long lists are read at a time.
	largeLists = 2
)

// largeReader waits for a place once the list becomes a long one.
type largeReader struct {
	ctx     context.Context //nolint:containedctx // an io.Reader has no other way
	session *session
	body    io.Reader
	read    int64 // of the pages before, too
}

func (r *largeReader) Read(p []byte) (int, error) {
	if r.read > smallList {
		if err := r.session.enterLarge(r.ctx); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.read += int64(n)
	return n, err
}

func (s *session) enterLarge(ctx context.Context) error {
	if s.large {
		return nil
	}
	select {
	case s.client.large <- struct{}{}:
		s.large = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leaveLarge gives the place back, if the session has one.
func (s *session) leaveLarge() {
	if s.large {
		<-s.client.large
		s.large = false
	}
}
