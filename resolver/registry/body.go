package registry

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// body tells when it ends: when it was read whole, broke off, or was closed.
type body struct {
	io.ReadCloser

	read  atomic.Int64
	ended sync.Once
	over  func(read int64, err error)
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	if err != nil {
		b.end(err)
	}
	return n, err
}

// Close ends the body, and the turn of its request.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *body) end(err error) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	b.ended.Do(func() { b.over(b.read.Load(), err) })
}

// onEnd has over called once when the answer's body has ended.
//
// The body of an error is read at once, as much as anybody wants to see of it:
// it often is the challenge that the next request answers, which would wait for
// the turn that this one still holds.
func onEnd(resp *http.Response, over func(read int64, err error)) {
	if resp.Body == http.NoBody {
		over(0, nil)
		return
	}
	resp.Body = &body{ReadCloser: resp.Body, over: over}
	if resp.StatusCode < http.StatusBadRequest {
		return
	}
	start, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	drain(resp)
	if err != nil {
		start = nil // the status says enough
	}
	resp.Body = io.NopCloser(bytes.NewReader(start))
}
