package transport

import (
	"sync"
	"time"
)

const (
	maxHostLabels = 100
	// otherHosts is the label of those that have none of their own.
	otherHosts = "other"
	// labelIdle is how long a host keeps its label without requests.
	labelIdle = time.Hour
	// maxHostName is that of DNS, with a port.
	maxHostName = 253 + len(":65535")
)

// hostLabels bounds the values of the label host, since hosts come from image
// references and redirects, which anyone may invent.
type hostLabels struct {
	mu   sync.Mutex
	used map[string]time.Time
}

// label returns the host, or otherHosts. If all labels are taken, the host takes
// that of the one used longest ago, at least an hour, for which drop is called.
func (h *hostLabels) label(host string, now time.Time, drop func(host string)) string {
	host, ok := shownHost(host)
	if !ok {
		return otherHosts
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.used[host]; !known && len(h.used) >= maxHostLabels {
		oldest := h.oldest()
		if now.Sub(h.used[oldest]) <= labelIdle {
			return otherHosts
		}
		delete(h.used, oldest)
		drop(oldest)
	}
	if h.used == nil {
		h.used = map[string]time.Time{}
	}
	h.used[host] = now
	return host
}

func (h *hostLabels) oldest() string {
	var oldest string
	for host, used := range h.used {
		if oldest == "" || used.Before(h.used[oldest]) {
			oldest = host
		}
	}
	return oldest
}

// shownHost is a host of a URL in lower case, if it is one: a redirect may name
// any bytes.
func shownHost(host string) (string, bool) {
	if len(host) > maxHostName {
		return "", false
	}
	return NormalizeHost(host)
}
