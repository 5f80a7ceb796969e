package slack

import "sync"

// maxEnvelopes is how many envelopes are known again.
const maxEnvelopes = 1024

// envelopes are those that were handled last. Slack sends again what it believes was not
// acknowledged: a vote of a person who has changed their mind since would count anew.
type envelopes struct {
	mu    sync.Mutex
	known map[string]bool
	ring  [maxEnvelopes]string
	next  int
}

// isNew notes an envelope, and reports whether it was not known.
func (e *envelopes) isNew(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known[id] {
		return false
	}
	if e.known == nil {
		e.known = make(map[string]bool, maxEnvelopes)
	}
	delete(e.known, e.ring[e.next])
	e.known[id], e.ring[e.next] = true, id
	e.next = (e.next + 1) % maxEnvelopes
	return true
}
