package registry

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
)

// Few long answers are read at a time, of all registries together: forty lists,
// each within its own bounds, would be more than a webhook's memory.
const (
	// smallAnswer is how many bytes of an answer, or of all pages of a list, are read
	// without a turn. Lists of ten thousand tags are smaller, and so are manifests.
	smallAnswer = 512 << 10
	// largeAnswers is how many long ones are read at a time.
	largeAnswers = 2
)

// Asker is for whom is asked, such as a namespace: of the long answers that are read at a
// time, one alone is for one owner, and one alone of one registry.
type Asker struct {
	owner  string
	once   sync.Once
	shared chan struct{} // closed once others want the answer
}

// NewAsker returns the Asker of a read that is for an owner; the empty one has no bound.
func NewAsker(owner string) *Asker { return &Asker{owner: owner, shared: make(chan struct{})} }

// Join notes that a read is for another owner, too: it does not wait for the first one's
// other reads any more.
func (a *Asker) Join(owner string) {
	if owner != a.owner {
		a.once.Do(func() { close(a.shared) })
	}
}

func (a *Asker) isShared() bool {
	select {
	case <-a.shared:
		return true
	default:
		return false
	}
}

type askerKey struct{}

// WithAsker tells for whom the reads of a context are. The default is nobody.
func WithAsker(ctx context.Context, a *Asker) context.Context {
	return context.WithValue(ctx, askerKey{}, a)
}

func askerOf(ctx context.Context) *Asker {
	if a, ok := ctx.Value(askerKey{}).(*Asker); ok {
		return a
	}
	return NewAsker("")
}

// turns are taken by those who read long answers.
type turns struct {
	mu    sync.Mutex
	taken []string // whose the turns are: the registry's and the owner's name for each
	count int
	// changed is closed, and made anew, when a turn is given back.
	changed chan struct{}
}

func newTurns() *turns { return &turns{changed: make(chan struct{})} }

// try takes a turn, if there is one for all of whose. If not, changed tells when to try again.
func (t *turns) try(whose []string) (ok bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	isTaken := func(name string) bool { return slices.Contains(t.taken, name) }
	if t.count == largeAnswers || slices.ContainsFunc(whose, isTaken) {
		return false, t.changed
	}
	t.count++
	t.taken = append(t.taken, whose...)
	return true, nil
}

func (t *turns) give(whose []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count--
	t.taken = slices.DeleteFunc(t.taken, func(name string) bool { return slices.Contains(whose, name) })
	close(t.changed)
	t.changed = make(chan struct{})
}

// errNoTurn is an answer that turned out long while others have the turns.
var errNoTurn = errors.New("too many long answers are being read")

// largeReader ends with errNoTurn if the answer becomes a long one, and there is no turn.
type largeReader struct {
	session *session
	body    io.Reader
	read    int64 // of the pages before, too
}

func (r *largeReader) Read(p []byte) (int, error) {
	if r.read > smallAnswer && r.session.turn == nil {
		if taken, _ := r.session.tryLarge(); !taken {
			return 0, errNoTurn
		}
	}
	n, err := r.body.Read(p)
	r.read += int64(n)
	return n, err
}

// tryLarge takes a turn, if there is one. If not, changed tells when to try again.
func (s *session) tryLarge() (taken bool, changed <-chan struct{}) {
	whose := []string{"registry " + s.host}
	if s.asker.owner != "" && !s.asker.isShared() {
		whose = append(whose, "owner "+s.asker.owner)
	}
	if taken, changed = s.client.turns.try(whose); taken {
		s.turn = whose
	}
	return taken, changed
}

// waitLarge waits for a turn. Meanwhile no answer is open: it would keep one of the few
// places of its host.
func (s *session) waitLarge(ctx context.Context) error {
	shared := s.asker.shared
	for {
		taken, changed := s.tryLarge()
		if taken {
			return nil
		}
		select {
		case <-changed:
		case <-shared:
			shared = nil // once
		case <-ctx.Done():
			return &Error{Kind: Timeout, Err: errNoTurn}
		}
	}
}

// leaveLarge gives the turn back, if the session has one.
func (s *session) leaveLarge() {
	if s.turn != nil {
		s.client.turns.give(s.turn)
		s.turn = nil
	}
}
