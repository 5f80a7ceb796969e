package notify

import "sync"

// delivered is who has a message already, of those that a service sends it to one by one:
// where one is refused and the message is tried again, the others do not get it twice.
type delivered struct {
	mu      sync.Mutex
	message string
	to      map[string]bool
}

// forget begins another message, which may have the same text.
func (d *delivered) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.message, d.to = "", nil
}

func (d *delivered) has(message, to string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.message == message && d.to[to]
}

func (d *delivered) add(message, to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.to == nil || d.message != message {
		d.message, d.to = message, map[string]bool{}
	}
	d.to[to] = true
}
