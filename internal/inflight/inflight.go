// Package inflight bounds what the bodies of all requests that are being answered
// take together.
package inflight

import (
	"errors"
	"io"

	"golang.org/x/sync/semaphore"
)

// ErrNoRoom is a body that is too much together with those of others.
var ErrNoRoom = errors.New("too much in flight")

// Bodies has room for so many bytes.
type Bodies struct{ room *semaphore.Weighted }

// NewBodies returns room for most bytes.
func NewBodies(most int64) *Bodies { return &Bodies{semaphore.NewWeighted(most)} }

// ReadAll reads a body, and takes room for it as it comes: a client that only
// announces one, or sends it slowly, takes no place from another. The room is given back by release, which
// is never nil. The error is ErrNoRoom, or that of the body.
func (b *Bodies) ReadAll(from io.Reader) (data []byte, release func(), err error) {
	m := &metered{from: from, room: b.room}
	data, err = io.ReadAll(m)
	return data, func() { m.room.Release(m.held) }, err
}

type metered struct {
	from io.Reader
	room *semaphore.Weighted
	held int64
}

// Read reads on, for as long as there is room.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if !m.room.TryAcquire(int64(n)) {
		return 0, ErrNoRoom
	}
	m.held += int64(n)
	return n, err
}
