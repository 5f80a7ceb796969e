package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

var (
	errPause = errors.New("host asked for a pause that is not over")
	errQuota = errors.New("host says that the quota of pulls is used up")
	errPace  = errors.New("own limit of requests a second is used up")
)

// ErrCircuitOpen is the cause of an error for a host that did not answer other
// requests.
var ErrCircuitOpen = errors.New("host did not answer other requests, and is not asked for a while")

// maxHosts bounds the hosts that are remembered: they come from image references.
const maxHosts = 4096

// Pace is how fast one host is asked.
type Pace struct {
	Rate  rate.Limit
	Burst int
	// Concurrency is how many requests may be under way at once.
	Concurrency int
}

// traffic keeps to the pace of each host: ours, and the pauses it asks for; and
// sends no requests to a host that does not answer. All of it is the host's, not
// a repository's.
type traffic struct {
	now     func() time.Time
	jitter  func() float64
	pace    func(host string) Pace
	metrics *Metrics
	hosts   *recent.Map[string, *hostLimiter]
}

// hostLimiter keeps to the limits of one host.
type hostLimiter struct {
	name  string
	rate  *rate.Limiter
	slots chan struct{} // one for each request under way

	mu      sync.Mutex
	pause   pause
	quotas  *recent.Map[string, *quota] // by credential
	circuit circuit
}

func newTraffic(o Options) *traffic {
	return &traffic{
		now:     o.Now,
		jitter:  o.Jitter,
		pace:    o.Pace,
		metrics: o.Metrics,
		hosts:   recent.New[string, *hostLimiter](maxHosts, maxWindow, o.Now),
	}
}

func (t *traffic) host(name string) *hostLimiter {
	now := t.pace(name)
	found := t.hosts.Get(name, func() *hostLimiter {
		return &hostLimiter{
			name:   name,
			rate:   rate.NewLimiter(now.Rate, now.Burst),
			slots:  make(chan struct{}, now.Concurrency),
			quotas: recent.New[string, *quota](maxQuotas, maxWindow, t.now),
		}
	})
	if found.rate.Limit() != now.Rate || found.rate.Burst() != now.Burst {
		found.rate.SetLimit(now.Rate)
		found.rate.SetBurst(now.Burst)
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	if cap(found.slots) != now.Concurrency {
		found.slots = make(chan struct{}, now.Concurrency) // a request under way gives back its place in the old one
	}
	return found
}

// permit is that of a request under way: it holds a slot of its host until it is
// released.
type permit struct {
	traffic *traffic
	host    *hostLimiter
	slots   chan struct{} // the limiter's when it began
	req     *http.Request
	ticket  ticket
	gone    sync.Once
}

// admit waits until a request may be sent to its host. It fails at once if that
// is after the deadline, if the host asked for a pause, and if the host does not
// answer other requests.
func (t *traffic) admit(req *http.Request) (*permit, error) {
	limiter := t.host(req.URL.Host)
	limiter.mu.Lock()
	err, slots := limiter.refusesRequest(req, t.now()), limiter.slots
	limiter.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := limiter.queue(req.Context(), slots); err != nil {
		return nil, err
	}
	limiter.mu.Lock()
	defer limiter.mu.Unlock()
	now := t.now()
	if err := limiter.refusesRequest(req, now); err != nil { // what came while this one waited
		<-slots
		return nil, err
	}
	return &permit{traffic: t, host: limiter, slots: slots, req: req, ticket: limiter.circuit.begin(now)}, nil
}

// refuses reports why nothing may be sent to the host now. The hostLimiter is locked.
func (l *hostLimiter) refuses(now time.Time) error {
	if wait := l.pause.left(now); wait > 0 {
		return &failure.Error{Kind: failure.RateLimited, Err: errPause, RetryAfter: wait}
	}
	if wait := l.circuit.refuses(now); wait > 0 {
		return &failure.Error{Kind: failure.Unreachable, Err: ErrCircuitOpen, RetryAfter: wait}
	}
	return nil
}

// refusesRequest is refuses for one request, which may have reasons of its own.
// The hostLimiter is locked.
func (l *hostLimiter) refusesRequest(req *http.Request, now time.Time) error {
	if countsAsPull(req) {
		if wait := l.quota(req).left(now); wait > 0 {
			// Without RetryAfter: it is one credential's, and others go on.
			return &failure.Error{Kind: failure.RateLimited, Err: errQuota}
		}
	}
	err := l.refuses(now)
	if errors.Is(err, ErrCircuitOpen) && isProbe(req.Context()) {
		return nil
	}
	return err
}

// queue waits for the limiter's pace, then for a slot.
func (l *hostLimiter) queue(ctx context.Context, slots chan<- struct{}) error {
	if err := l.rate.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &failure.Error{Kind: failure.RateLimited, Err: errPace}
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answered notes an answer. A pause that it names reaches all who come later.
func (p *permit) answered(resp *http.Response) {
	now := p.traffic.now()
	p.host.mu.Lock()
	defer p.host.mu.Unlock()

	said := limitsOf(resp.Header, now)
	named, isNamed := retryAfter(resp.Header, now)
	ofQuota := resp.StatusCode == http.StatusTooManyRequests && !isNamed && countsAsPull(p.req) && said.exhausted()
	if !ofQuota && p.host.pause.observe(resp.StatusCode, named, said, p.ticket.began, now, p.traffic.jitter) {
		p.traffic.metrics.paused(p.host.name, p.host.pause.until, now)
	}
	if said.known {
		p.host.pause.seen = said
		p.traffic.metrics.remaining(p.host.name, said.remaining, now)
		p.host.quota(p.req).observe(said, now)
	}
	circuit := &p.host.circuit
	circuit.heard(p.ticket)
	if badGateway(resp, isNamed) {
		p.fail(false, now)
	} else {
		if circuit.openings > 0 {
			p.traffic.metrics.circuit(p.host.name, false, now)
		}
		circuit.reset()
	}
}

// failed notes that no answer came.
func (p *permit) failed(ctx context.Context, err error) {
	now := p.traffic.now()
	p.host.mu.Lock()
	defer p.host.mu.Unlock()

	p.host.circuit.end(p.ticket)
	if hostFailed(ctx, err, now.Sub(p.ticket.began)) {
		p.fail(true, now)
	}
}

// fail counts a failure of the host. The hostLimiter is locked.
func (p *permit) fail(connection bool, now time.Time) {
	if p.host.circuit.fail(p.ticket, now, connection, p.traffic.jitter) {
		p.traffic.metrics.circuit(p.host.name, true, now)
	}
}

// release frees the slot, once.
func (p *permit) release() { p.gone.Do(func() { <-p.slots }) }

// paused is what is left of a host's pause, 0 without one.
func (t *traffic) paused(host string) time.Duration {
	limiter := t.host(host)
	limiter.mu.Lock()
	defer limiter.mu.Unlock()
	return limiter.pause.left(t.now())
}

// join is as connection.Join says.
func (t *traffic) join(host string) (round int, err error) {
	limiter := t.host(host)
	limiter.mu.Lock()
	defer limiter.mu.Unlock()
	now := t.now()
	return limiter.circuit.round(now), limiter.refuses(now)
}

// limit is what the host last said of its rate limit.
func (t *traffic) limit(host string) limits {
	limiter := t.host(host)
	limiter.mu.Lock()
	defer limiter.mu.Unlock()
	return limiter.pause.seen
}
