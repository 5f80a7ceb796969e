package registries

import (
	"sync"
	"time"
)

// clock is one that a test sets, so that none waits for an interval to pass.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// newClock starts at the real time, by which registries date their tokens.
func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
