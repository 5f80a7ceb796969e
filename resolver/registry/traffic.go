package registry

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/keelson-dev/keelson/resolver/internal/recent"
)

// Limits of a pause.
const (
	minPause = time.Second
	maxPause = time.Hour
	// firstPause is for a 429 that names none; it doubles to maxUnnamedPause.
	firstPause      = 30 * time.Second
	maxUnnamedPause = 15 * time.Minute
)

var (
	errPause = errors.New("host asked for a pause that is not over")
	errPace  = errors.New("own limit of requests a second is used up")
)

// traffic keeps to the pace of each host: ours, and the pauses it asks for. A
// pause is the host's, not a repository's.
type traffic struct {
	now   func() time.Time
	rate  rate.Limit
	burst int
	lanes *recent.Map[string, *lane]
}

type lane struct {
	limiter *rate.Limiter

	mu     sync.Mutex
	until  time.Time     // no request before
	unsaid time.Duration // the last pause that we chose ourselves
}

func newTraffic(o Options) *traffic {
	return &traffic{
		now:   o.Now,
		rate:  rate.Limit(o.Rate),
		burst: o.Burst,
		lanes: recent.New[string, *lane](maxHosts, maxPause, o.Now),
	}
}

func (t *traffic) lane(host string) *lane {
	return t.lanes.Get(host, func() *lane {
		return &lane{limiter: rate.NewLimiter(t.rate, t.burst)}
	})
}

// admit waits for its turn at a host, or fails at once where the turn comes
// after the deadline or the host asked for a pause.
func (t *traffic) admit(ctx context.Context, host string) error {
	lane := t.lane(host)
	lane.mu.Lock()
	wait := lane.until.Sub(t.now())
	lane.mu.Unlock()
	if wait > 0 {
		return &Error{Kind: RateLimited, Err: errPause, RetryAfter: wait}
	}
	if err := lane.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Kind: RateLimited, Err: errPace}
	}
	return nil
}

// observe remembers the pause that an answer asks for: any 429, and a 503 that
// names one.
func (t *traffic) observe(host string, resp *http.Response) {
	lane := t.lane(host)
	lane.mu.Lock()
	defer lane.mu.Unlock()

	pause, said := retryAfter(resp, t.now())
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable && said:
	case resp.StatusCode == http.StatusTooManyRequests && said:
	case resp.StatusCode == http.StatusTooManyRequests:
		lane.unsaid = min(max(2*lane.unsaid, firstPause), maxUnnamedPause)
		pause = lane.unsaid
	default:
		if resp.StatusCode < http.StatusInternalServerError {
			lane.unsaid = 0
		}
		return
	}
	lane.until = t.now().Add(pause)
}

// paused is what is left of a host's pause, 0 without one.
func (t *traffic) paused(host string) time.Duration {
	lane := t.lane(host)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	return max(0, lane.until.Sub(t.now()))
}

// retryAfter reads the header: seconds, or an HTTP date by our clock.
func retryAfter(resp *http.Response, now time.Time) (pause time.Duration, said bool) {
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 63); err == nil {
		pause = maxPause
		if seconds < uint64(maxPause/time.Second) {
			pause = time.Duration(seconds) * time.Second
		}
	} else if date, err := http.ParseTime(text); err == nil {
		pause = date.Sub(now)
	} else {
		return 0, false
	}
	return min(max(pause, minPause), maxPause), true
}
