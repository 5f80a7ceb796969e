package pullsecret

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	// readTimeout is how long one GET may take. An admission request has less
	// than five seconds.
	readTimeout = 3 * time.Second
	// unwatchedFor is how long an answer holds that no watch keeps up to date,
	// the refusal to read included.
	unwatchedFor = 30 * time.Second
	// brieflyFor is how long it holds that an object is missing: a Secret that
	// was created a moment after its workload is soon wanted.
	brieflyFor = 5 * time.Second
	// unusedFor is when an object is forgotten, and its watch ends. The updater
	// asks at every poll.
	unusedFor = 30 * time.Minute
	// sweepEvery is how often that is looked for.
	sweepEvery = time.Minute
)

// limits bound what is kept of all objects of a kind.
type limits struct{ objects, bytes int }

// reader reads the objects of one kind and namespace.
type reader[O metav1.Object] interface {
	Get(ctx context.Context, name string, options metav1.GetOptions) (O, error)
	Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)
}

// key names an object.
type key struct{ namespace, name string }

// cache reads objects of one kind on demand, and keeps what parse makes of them
// up to date.
type cache[O metav1.Object, T any] struct {
	kind  string
	limit limits
	now   func() time.Time
	parse func(O) (value T, weight int, failed *Error)
	in    func(namespace string) reader[O]

	mu      sync.Mutex
	known   map[key]*object[T]
	flights map[key]*flight[T]
	running context.Context // of the watches; nil while there are none
	watches sync.WaitGroup
}

func newCache[O metav1.Object, T any](
	kind string, limit limits, now func() time.Time,
	parse func(O) (T, int, *Error), in func(namespace string) reader[O],
) *cache[O, T] {
	return &cache[O, T]{
		kind: kind, limit: limit, now: now, parse: parse, in: in,
		known: map[key]*object[T]{}, flights: map[key]*flight[T]{},
	}
}

// object is what is known of one.
type object[T any] struct {
	answer  answer[T]
	watched bool      // the answer is what the API server has now
	until   time.Time // the answer holds otherwise
	used    time.Time
	stop    context.CancelFunc // ends the watch
}

type answer[T any] struct {
	value  T
	weight int
	failed *Error
}

// flight is a read under way, which all who want the object wait for.
type flight[T any] struct {
	done   chan struct{}
	answer answer[T] // once done is closed
}

// pending is an answer that is known, or under way.
type pending[T any] struct {
	answer answer[T]
	flight *flight[T] // nil where the answer is known
	lost   *Error     // for those who leave before it is
}

// wait returns what is known by the end of the context.
func (p pending[T]) wait(ctx context.Context) (T, *Error) {
	if p.flight == nil {
		return p.answer.value, p.answer.failed
	}
	select {
	case <-p.flight.done:
		return p.flight.answer.value, p.flight.answer.failed
	case <-ctx.Done():
		p.lost.cause = ctx.Err()
		return p.answer.value, p.lost
	}
}

// ask looks an object up, and begins to read it where it is not known.
func (c *cache[O, T]) ask(ctx context.Context, k key) pending[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if o, ok := c.known[k]; ok && (o.watched || now.Before(o.until)) {
		o.used = now
		return pending[T]{answer: o.answer}
	}
	// Such names come from manifests that the API server has not looked at yet.
	if len(validation.IsDNS1123Label(k.namespace)) > 0 || len(validation.IsDNS1123Subdomain(k.name)) > 0 {
		return pending[T]{answer: answer[T]{failed: c.fault(Missing, k, nil)}}
	}
	f, ok := c.flights[k]
	if !ok {
		f = &flight[T]{done: make(chan struct{})}
		c.flights[k] = f
		// The read is for others, too, who have more time.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		go func() {
			defer cancel()
			c.read(ctx, k, f)
		}()
	}
	return pending[T]{flight: f, lost: c.fault(Unavailable, k, nil)}
}

// read ends a flight.
func (c *cache[O, T]) read(ctx context.Context, k key, f *flight[T]) {
	found, err := c.in(k.namespace).Get(ctx, k.name, metav1.GetOptions{})
	o, version := &object[T]{stop: func() {}}, ""
	holds := unwatchedFor
	switch {
	case err == nil:
		o.answer, version = c.parsed(k, found), found.GetResourceVersion()
	case apierrors.IsForbidden(err):
		o.answer.failed = c.fault(Forbidden, k, err)
	case apierrors.IsNotFound(err):
		o.answer.failed, holds = c.fault(Missing, k, err), brieflyFor
	default:
		o.answer.failed, holds = c.fault(Unavailable, k, err), brieflyFor
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	o.until, o.used = now.Add(holds), now
	c.forget(k) // what it takes the place of
	c.known[k] = o
	if err == nil {
		c.follow(k, o, version) //nolint:contextcheck // the watch outlives the read
	}
	c.trim(now)
	f.answer = o.answer
	delete(c.flights, k)
	close(f.done)
}

func (c *cache[O, T]) parsed(k key, found O) answer[T] {
	value, weight, failed := c.parse(found)
	if failed != nil {
		failed.Name = k.name
	}
	return answer[T]{value: value, weight: weight, failed: failed}
}

func (c *cache[O, T]) fault(kind Kind, k key, cause error) *Error {
	return &Error{Kind: kind, Object: c.kind, Name: k.name, cause: cause}
}

// trim forgets what is not used, and what is beyond the bounds. The cache is
// locked.
func (c *cache[O, T]) trim(now time.Time) {
	weight := 0
	for k, o := range c.known {
		if now.Sub(o.used) >= unusedFor {
			c.forget(k)
			continue
		}
		weight += o.answer.weight
	}
	for len(c.known) > c.limit.objects || weight > c.limit.bytes {
		oldest, longest := key{}, (*object[T])(nil)
		for k, o := range c.known {
			if longest == nil || o.used.Before(longest.used) {
				oldest, longest = k, o
			}
		}
		weight -= longest.answer.weight
		c.forget(oldest)
	}
}

// forget drops an object and ends its watch. The cache is locked.
func (c *cache[O, T]) forget(k key) {
	if o, ok := c.known[k]; ok {
		o.stop()
		delete(c.known, k)
	}
}
