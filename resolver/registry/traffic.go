package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
)

var (
	errPause = errors.New("host asked for a pause that is not over")
	errQuota = errors.New("host says that the quota of pulls is used up")
	errPace  = errors.New("own limit of requests a second is used up")
	errOpen  = errors.New("host did not answer others, and is left alone for a while")
)

// traffic keeps to the pace of each host: ours, and the pauses it asks for; and
// keeps away from a host that does not answer. All of it is the host's, not a
// repository's.
type traffic struct {
	now     func() time.Time
	jitter  func() float64
	pace    func(host string) pace
	metrics *Metrics
	lanes   *recent.Map[string, *lane]
}

// lane is the way to one host.
type lane struct {
	host    string
	limiter *rate.Limiter
	slots   chan struct{} // one for each request under way

	mu      sync.Mutex
	pause   pause
	quotas  *recent.Map[string, *quota] // by credential
	circuit circuit
}

// newTraffic takes the pace of a host as it is at each request: it may
// change while the pauses stay.
func newTraffic(o Options, pace func(host string) pace) *traffic {
	return &traffic{
		now:     o.Now,
		jitter:  o.Jitter,
		pace:    pace,
		metrics: o.Metrics,
		lanes:   recent.New[string, *lane](maxHosts, maxWindow, o.Now),
	}
}

func (t *traffic) lane(host string) *lane {
	now := t.pace(host)
	found := t.lanes.Get(host, func() *lane {
		return &lane{
			host:    host,
			limiter: rate.NewLimiter(now.rate, now.burst),
			slots:   make(chan struct{}, now.concurrency),
			quotas:  recent.New[string, *quota](maxQuotas, maxWindow, t.now),
		}
	})
	if found.limiter.Limit() != now.rate || found.limiter.Burst() != now.burst {
		found.limiter.SetLimit(now.rate)
		found.limiter.SetBurst(now.burst)
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	if cap(found.slots) != now.concurrency {
		found.slots = make(chan struct{}, now.concurrency) // who holds an old one gives that back
	}
	return found
}

// turn is a request under way: it holds a slot of its lane until it leaves.
type turn struct {
	traffic *traffic
	lane    *lane
	slots   chan struct{} // the lane's when it began
	req     *http.Request
	ticket  ticket
	gone    sync.Once
}

// admit waits for its turn at a host. It fails at once where the turn comes
// after the deadline, where the host asked for a pause, and where others wait
// for it in vain.
func (t *traffic) admit(req *http.Request) (*turn, error) {
	lane := t.lane(req.URL.Host)
	lane.mu.Lock()
	err, slots := lane.refusesRequest(req, t.now()), lane.slots
	lane.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := lane.queue(req.Context(), slots); err != nil {
		return nil, err
	}
	lane.mu.Lock()
	defer lane.mu.Unlock()
	now := t.now()
	if err := lane.refusesRequest(req, now); err != nil { // what came while this one waited
		<-slots
		return nil, err
	}
	return &turn{traffic: t, lane: lane, slots: slots, req: req, ticket: lane.circuit.begin(now)}, nil
}

// refuses reports why nothing may be sent to the host now. The lane is locked.
func (l *lane) refuses(now time.Time) error {
	if wait := l.pause.left(now); wait > 0 {
		return &Error{Kind: RateLimited, Err: errPause, RetryAfter: wait}
	}
	if wait := l.circuit.refuses(now); wait > 0 {
		return &Error{Kind: Unreachable, Err: errOpen, RetryAfter: wait}
	}
	return nil
}

// refusesRequest is refuses for one request, which may have reasons of its own.
// The lane is locked.
func (l *lane) refusesRequest(req *http.Request, now time.Time) error {
	if pulls(req) {
		if wait := l.quota(req).left(now); wait > 0 {
			// Without RetryAfter: it is one credential's, and others go on.
			return &Error{Kind: RateLimited, Err: errQuota}
		}
	}
	err := l.refuses(now)
	if errors.Is(err, errOpen) && insists(req.Context()) {
		return nil
	}
	return err
}

// queue waits for the lane's pace, then for a slot.
func (l *lane) queue(ctx context.Context, slots chan<- struct{}) error {
	if err := l.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Kind: RateLimited, Err: errPace}
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answered notes an answer. A pause that it names reaches all who come later.
func (t *turn) answered(resp *http.Response) {
	now := t.traffic.now()
	t.lane.mu.Lock()
	defer t.lane.mu.Unlock()

	said := limitsOf(resp.Header, now)
	named, isNamed := retryAfter(resp.Header, now)
	if t.lane.pause.observe(resp.StatusCode, named, said, t.ticket.began, now, t.traffic.jitter) {
		t.traffic.metrics.paused(t.lane.host, t.lane.pause.until, now)
	}
	if said.known {
		t.traffic.metrics.remaining(t.lane.host, said.remaining, now)
		t.lane.quota(t.req).observe(said, now)
	}
	circuit := &t.lane.circuit
	circuit.heard(t.ticket)
	if badGateway(resp, isNamed) {
		t.fail(false, now)
	} else {
		if circuit.openings > 0 {
			t.traffic.metrics.circuit(t.lane.host, false, now)
		}
		circuit.reset()
	}
}

// failed notes that no answer came.
func (t *turn) failed(ctx context.Context, err error) {
	now := t.traffic.now()
	t.lane.mu.Lock()
	defer t.lane.mu.Unlock()

	t.lane.circuit.end(t.ticket)
	if hostFailed(ctx, err, now.Sub(t.ticket.began)) {
		t.fail(true, now)
	}
}

// fail counts a failure of the host. The lane is locked.
func (t *turn) fail(connection bool, now time.Time) {
	if t.lane.circuit.fail(t.ticket, now, connection, t.traffic.jitter) {
		t.traffic.metrics.circuit(t.lane.host, true, now)
	}
}

// leave frees the slot, once.
func (t *turn) leave() { t.gone.Do(func() { <-t.slots }) }

// paused is what is left of a host's pause, 0 without one.
func (t *traffic) paused(host string) time.Duration {
	lane := t.lane(host)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	return lane.pause.left(t.now())
}

// join is asked before somebody else's request to a host is waited for: it
// fails where a request of one's own would be refused. Those whom it gives the
// same number may wait together; a silent host's next probe has another.
func (t *traffic) join(host string) (round int, err error) {
	lane := t.lane(host)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	now := t.now()
	return lane.circuit.round(now), lane.refuses(now)
}

// limit is what the host last said of its rate limit.
func (t *traffic) limit(host string) limits {
	lane := t.lane(host)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	return lane.pause.seen
}
