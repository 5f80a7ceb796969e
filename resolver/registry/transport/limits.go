package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of what a registry may ask for.
const (
	minPause  = time.Second
	maxPause  = time.Hour
	maxWindow = 6 * time.Hour
	// epoch tells a moment from a number of seconds: as the latter it would be
	// thirty years.
	epoch = 1_000_000_000
	// maxLimitHeader is more than any that makes sense.
	maxLimitHeader = 256
)

// retryAfter reads the header: seconds, or an HTTP date by our clock.
func retryAfter(header http.Header, now time.Time) (pause time.Duration, said bool) {
	text := header.Get("Retry-After")
	if seconds, ok := number(text); ok {
		pause = atMost(seconds, maxPause)
	} else if date, err := http.ParseTime(text); err == nil {
		pause = date.Sub(now)
	} else {
		return 0, false
	}
	return min(max(pause, minPause), maxPause), true
}

// limits are what the RateLimit headers of an answer say. What makes no sense
// counts as not said.
type limits struct {
	remaining, limit int64 // requests; limit is 0 where it is not said
	known            bool  // remaining was said
	reset            time.Duration
	window           time.Duration
}

// exhausted reports whether a quota of a window is used up, as Docker Hub's of pulls, of which
// no moment is told when it is full again.
func (l limits) exhausted() bool {
	return l.known && l.remaining == 0 && l.reset == 0 && l.window > 0
}

// limitsOf reads the IETF draft's headers, where reset counts in seconds;
// GitLab's, where it is a moment; and Docker Hub's `100;w=21600`, which have no
// reset but the length of the window.
func limitsOf(header http.Header, now time.Time) limits {
	var said limits
	var window int64
	if remaining, w, ok := parseQuantity(header.Get("RateLimit-Remaining")); ok {
		said.remaining, said.known, window = remaining, true, w
	}
	if limit, w, ok := parseQuantity(header.Get("RateLimit-Limit")); ok {
		said.limit, window = limit, max(window, w)
	}
	said.window = atMost(window, maxWindow)
	if reset, _, ok := parseQuantity(header.Get("RateLimit-Reset")); ok {
		if reset < epoch {
			said.reset = atMost(reset, maxPause)
		} else {
			said.reset = atMost(max(0, reset-now.Unix()), maxPause)
		}
	}
	return said
}

// parseQuantity reads `100, 100;w=60`, of which the first item counts.
func parseQuantity(text string) (n, window int64, ok bool) {
	if len(text) > maxLimitHeader {
		return 0, 0, false
	}
	item, _, _ := strings.Cut(text, ",")
	first, parameters, _ := strings.Cut(item, ";")
	if n, ok = number(strings.TrimSpace(first)); !ok {
		return 0, 0, false
	}
	for parameter := range strings.SplitSeq(parameters, ";") {
		if value, is := strings.CutPrefix(strings.TrimSpace(parameter), "w="); is {
			window, _ = number(value)
		}
	}
	return n, window, true
}

// number reads decimal digits, without a sign.
func number(text string) (int64, bool) {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, false
	}
	return n, true
}

// atMost is a number of seconds, whatever its size, as a duration.
func atMost(seconds int64, most time.Duration) time.Duration {
	return time.Duration(min(seconds, int64(most/time.Second))) * time.Second
}

// isDisguisedLimit reports a rate limit that looks like the refusal of a credential:
// GitHub's secondary limit is a 403 with Retry-After.
func isDisguisedLimit(resp *http.Response) bool {
	if resp.StatusCode != http.StatusForbidden {
		return false
	}
	_, said := retryAfter(resp.Header, time.Time{})
	return said
}
