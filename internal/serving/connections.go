package serving

import (
	"net"
	"net/http"
	"sync"
)

// connections counts those that are open.
type connections struct {
	mu   sync.Mutex
	open int
	gone chan struct{} // closed when none is open; nil before none is called
}

// changed is a server's ConnState.
func (c *connections) changed(_ net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open++
	case http.StateClosed, http.StateHijacked:
		c.open--
	default:
	}
	c.tell()
}

// none is closed once no connection is open. It is called once, and after the listener
// has closed.
func (c *connections) none() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := make(chan struct{})
	c.gone = gone
	c.tell()
	return gone
}

func (c *connections) tell() {
	if c.gone != nil && c.open == 0 {
		close(c.gone)
		c.gone = nil
	}
}
