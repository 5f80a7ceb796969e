package page

import (
	"fmt"
	"net/http"
	"time"
)

const (
	// writeWithin is how long a browser may take to read an event.
	writeWithin = 10 * time.Second
	// quietTurns is after how many questions without news a stream says that it lives.
	quietTurns = 10
)

// events tells a browser when what it shows has changed: the browser asks for the view
// again. It is the streams alone that ask the cluster time and again.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	select {
	case p.streams <- struct{}{}:
		defer func() { <-p.streams }()
	default:
		p.refuse(w, r, http.StatusServiceUnavailable, fmt.Sprintf("This page is open %d times, which is the most: close a tab.", maxStreams))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	stream := http.NewResponseController(w)
	// The server's deadline for reading a request would end the stream.
	_ = stream.SetReadDeadline(time.Time{})
	tick := p.options.Clock.NewTicker(p.options.Every)
	defer tick.Stop()
	told, quiet := uint64(0), 0
	for {
		snapshot, err := p.feed.snapshot(r.Context(), p.options.Every/2)
		if err != nil {
			return // the browser has gone
		}
		text := ""
		switch quiet++; {
		case snapshot.Version != told:
			text, told, quiet = fmt.Sprintf("event: version\ndata: %d\n\n", snapshot.Version), snapshot.Version, 0
		case quiet >= quietTurns:
			text, quiet = ": still here\n\n", 0
		}
		if text != "" {
			_ = stream.SetWriteDeadline(time.Now().Add(writeWithin)) // the kernel's time, whatever the clock
			if _, err := w.Write([]byte(text)); err != nil || stream.Flush() != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-p.options.Ended:
			return
		case <-tick.C():
		}
	}
}
