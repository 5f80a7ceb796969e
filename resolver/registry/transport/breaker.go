package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Limits of a circuit.
const (
	// firstOpen doubles with each further failure, to maxOpen.
	firstOpen = 5 * time.Second
	maxOpen   = 5 * time.Minute
	// openSpread is the part of it that is certain; the rest is left to chance.
	openSpread = 0.8
	// badGateways are how many statuses of a broken gateway, one after the
	// other, count as a connection that failed: it says 504 of one giant list,
	// too.
	badGateways = 5
	// stallAfter is how long a host may be silent before those who come later
	// do not wait with the rest.
	stallAfter = 2 * time.Second
	// probeWait is for those who come while another request finds out.
	probeWait = time.Second
	// longWait makes a deadline the host's fault. A caller that had less left
	// says nothing about the host.
	longWait = time.Second
)

// circuit keeps requests away from a host that does not answer: one that has
// failed (open), and one that is silent (stalled). It knows no clock and no
// lock; its hostLimiter has both.
type circuit struct {
	failures int       // in a row
	openings int       // in a row
	until    time.Time // open before, half-open from then on; zero if closed
	probing  bool      // half-open, and one request is out to see

	answers  int // so far
	waiting  int // requests under way that began since the last answer
	silent   time.Time
	probes   int           // that silences have let through so far
	probeDue time.Duration // how long this silence lasts when it lets one through
}

// ticket is what a circuit remembers of a request.
type ticket struct {
	began             time.Time
	openings, answers int
	probe             bool
}

// refuses reports how long a new request has to stay away, 0 if it need not.
func (c *circuit) refuses(now time.Time) time.Duration {
	switch {
	case now.Before(c.until):
		return c.until.Sub(now)
	case c.probing:
		return probeWait
	case c.stalled(now):
		return max(0, c.probeDue-now.Sub(c.silent))
	default:
		return 0
	}
}

func (c *circuit) stalled(now time.Time) bool {
	return c.waiting > 0 && now.Sub(c.silent) >= stallAfter
}

// round numbers the requests that may be waited for together: those of a
// silence, and the probe that it lets through next.
func (c *circuit) round(now time.Time) int {
	if c.stalled(now) {
		return c.probes + 1
	}
	return c.probes
}

// begin notes a request that is sent now.
func (c *circuit) begin(now time.Time) ticket {
	if c.stalled(now) {
		c.probes++
		c.probeDue = 2 * now.Sub(c.silent)
	}
	if c.waiting == 0 {
		c.silent, c.probeDue = now, 0
	}
	c.waiting++
	begun := ticket{began: now, openings: c.openings, answers: c.answers}
	if !c.until.IsZero() && !now.Before(c.until) && !c.probing {
		c.probing, begun.probe = true, true
	}
	return begun
}

// end notes that a request is over, however it went.
func (c *circuit) end(t ticket) {
	if t.probe {
		c.probing = false
	}
	if t.answers == c.answers {
		c.waiting--
	}
}

// heard notes an answer, whatever it says: the host is not silent. It does not
// vouch for requests that begin later.
func (c *circuit) heard(t ticket) {
	c.end(t)
	c.answers++
	c.waiting = 0
}

// reset closes the circuit: the host works.
func (c *circuit) reset() {
	c.failures, c.openings, c.until, c.probing = 0, 0, time.Time{}, false
}

// fail notes a failure of the host and opens the circuit at the first that lost
// its connection, and at every one of a probe. Requests that were under way
// when it opened tell of the same failure again.
func (c *circuit) fail(t ticket, now time.Time, connection bool, jitter func() float64) (opened bool) {
	if t.openings != c.openings || now.Before(c.until) {
		return false
	}
	c.failures++
	if !connection && c.openings == 0 && c.failures < badGateways {
		return false
	}
	c.until = now.Add(spreadPause(doubledPause(firstOpen, c.openings, maxOpen), openSpread, jitter))
	c.openings++
	return true
}

// badGateway reports the statuses of a gateway whose registry is gone. A 503
// that names a pause comes from one that is there.
func badGateway(resp *http.Response, named bool) bool {
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	case http.StatusServiceUnavailable:
		return !named
	default:
		return false
	}
}

// hostFailed reports whether an error without an answer is the host's: not our
// own refusal, and not a caller's who left, or had no time.
func hostFailed(ctx context.Context, err error, waited time.Duration) bool {
	if failure.Classify(err).Kind == failure.Blocked {
		return false
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return waited >= longWait
	}
	return ctx.Err() == nil
}

// doubledPause is first, doubled so many times, and no more than most.
func doubledPause(first time.Duration, times int, most time.Duration) time.Duration {
	for range times {
		if first >= most {
			break
		}
		first *= 2
	}
	return min(first, most)
}

// spreadPause shortens a pause by chance, to no less than its given part: those who
// were sent away together shall not come back together.
func spreadPause(pause time.Duration, least float64, jitter func() float64) time.Duration {
	return time.Duration(float64(pause) * (least + (1-least)*jitter()))
}

type probeKey struct{}

// WithProbe marks the second half of an attempt, which is made although the
// first half opened the circuit.
func WithProbe(ctx context.Context) context.Context {
	return context.WithValue(ctx, probeKey{}, true)
}

func isProbe(ctx context.Context) bool { return ctx.Value(probeKey{}) != nil }
