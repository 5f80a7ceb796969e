package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// body tells when it ends: when it was read whole, broke off, or was closed.
type body struct {
	io.ReadCloser

	read  atomic.Int64
	ended sync.Once
	over  func(read int64, err error)

	slow atomic.Bool
	// watch looks at the pace; stop ends the request.
	watch *time.Timer
	stop  context.CancelFunc
}

// minBody is how many bytes a body has to give within Options.BodyTimeout. One
// that comes slowly holds a place that other requests wait for.
const minBody = 10 << 10

var errSlowBody = errors.New("body comes too slowly")

// Pace breaks a body off that has not given enough since it was last looked at.
func (b *body) pace(every time.Duration) {
	seen := int64(0)
	b.watch = time.AfterFunc(every, func() {
		now := b.read.Load()
		if now-seen < minBody {
			b.slow.Store(true)
			b.stop()
			return
		}
		seen = now
		b.watch.Reset(every)
	})
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	if err != nil {
		if b.slow.Load() && !errors.Is(err, io.EOF) {
			err = &failure.Error{Kind: failure.Timeout, Err: errSlowBody}
		}
		b.end(err)
	}
	return n, err
}

// Close ends the body, and releases the permit of its request.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *body) end(err error) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	b.ended.Do(func() {
		b.watch.Stop()
		b.stop()
		b.over(b.read.Load(), err)
	})
}

// onEnd calls over once, when the response's body has ended, which stop does, too.
// A body that comes too slowly is broken off.
//
// The body of an error is read at once, as far as it is shown: the response often
// is the challenge that the next request answers, which would otherwise wait for
// the permit that this one still holds.
func onEnd(resp *http.Response, every time.Duration, stop context.CancelFunc, over func(read int64, err error)) {
	if resp.Body == http.NoBody {
		stop()
		over(0, nil)
		return
	}
	watched := &body{ReadCloser: resp.Body, over: over, stop: stop}
	watched.pace(every)
	resp.Body = watched
	if resp.StatusCode < http.StatusBadRequest {
		return
	}
	start, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	Drain(resp)
	if err != nil {
		start = nil // the status says enough
	}
	resp.Body = io.NopCloser(bytes.NewReader(start))
}
