// Package inflight bounds what the bodies of all requests that are being answered
// take together: as they come, and as what JSON makes of them.
package inflight

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

var (
	// ErrNoRoom is a body that is too much together with those of others.
	ErrNoRoom = errors.New("too much in flight")
	// ErrTooLarge is one that is too much by itself.
	ErrTooLarge = errors.New("too large")
)

// Bodies has room for so many bytes of usual bodies. JSON of many small values takes more of
// it than its length.
type Bodies struct {
	most int64

	mu   sync.Mutex
	held int64
	// coming are those that are not here whole, the one that began first at the front.
	coming []*metered
}

// NewBodies returns room for most bytes.
func NewBodies(most int64) *Bodies { return &Bodies{most: most} }

// ReadAll reads a body, and takes room for it as it comes. Where there is none left, the
// body gets that of others that are not here whole yet, of the one that began first before
// all: a client that announces a body, or sends one slowly or in part, takes no place from
// another. interrupt ends a read of such a body that waits for its client; ReadAll then
// returns ErrNoRoom. The error is ErrNoRoom, ErrTooLarge, or that of the body. What is
// returned beside it is never nil.
func (b *Bodies) ReadAll(from io.Reader, interrupt func()) (*Body, error) {
	m := &metered{from: from, interrupt: interrupt, bodies: b}
	b.begin(m)
	data, err := io.ReadAll(m)
	weight, left := b.end(m)
	if left {
		data, err = nil, ErrNoRoom
	}
	return &Body{Data: data, Weight: weight, metered: m}, err
}

// Body is one that is here whole, as far as it could be read.
type Body struct {
	Data []byte
	// Weight is how much room it takes.
	Weight  int64
	metered *metered
}

// Release gives its room back, once.
func (b *Body) Release() { b.metered.bodies.giveBack(b.metered) }

// Interrupt returns what ends a read of the body of a request that w answers.
func Interrupt(w http.ResponseWriter) func() {
	return func() {
		// What cannot be interrupted ends by its own time.
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	}
}

// metered is a body with the room that it has taken.
type metered struct {
	from      io.Reader
	interrupt func()
	bodies    *Bodies

	// The rest is guarded by the lock of the bodies.

	held int64
	// left is true where the room was given to another body.
	left bool
}

// Read reads on, for as long as there is room.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if refused := m.bodies.take(m, weightOf(p[:n])); refused != nil {
		return 0, refused
	}
	return n, err
}

func (b *Bodies) begin(m *metered) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.coming = append(b.coming, m)
}

// end notes that a body is here whole, or will never be. It returns how much room the body
// has, and whether that was given to another.
func (b *Bodies) end(m *metered) (held int64, left bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(m)
	return m.held, m.left
}

func (b *Bodies) drop(m *metered) {
	b.coming = slices.DeleteFunc(b.coming, func(other *metered) bool { return other == m })
}

func (b *Bodies) giveBack(m *metered) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= m.held
	m.held = 0
}

// take takes room for the next piece of a body. The error says why there is none.
func (b *Bodies) take(m *metered, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case m.held+n > b.most:
		return ErrTooLarge
	case m.left || !b.makeRoom(m, n):
		return ErrNoRoom
	}
	b.held += n
	m.held += n
	return nil
}

// makeRoom has the bodies that are not here whole give way to another, if that makes enough
// room. The caller holds the lock.
func (b *Bodies) makeRoom(wanted *metered, n int64) bool {
	over, others := b.held+n-b.most, int64(0)
	for _, m := range b.coming {
		if m != wanted {
			others += m.held
		}
	}
	if over > others {
		return false
	}
	for _, m := range slices.Clone(b.coming) {
		if over <= 0 {
			break
		}
		if m == wanted || m.held == 0 {
			continue
		}
		over -= m.held
		b.held -= m.held
		m.held, m.left = 0, true
		b.drop(m)
		m.interrupt()
	}
	return true
}
