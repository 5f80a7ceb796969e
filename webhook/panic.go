package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/resolver"
)

// Panics are caught in five places, the innermost first. Each is counted and logged:
//
//	what                 catches a panic of          the API server then gets
//	Decider.resolve      the resolver                the container as it was, with a warning
//	panicCollector       a container's goroutine     nothing yet: it is raised again where Decide waits
//	attempt, in Mutate   the decision                the decision without a registry
//	guarded              either webhook              an error: its failure policy decides
//	recoverHTTP          reading a request, HTTP     status 500 in place of a closed connection

// maxStack bounds what a panic writes to the log: a deep recursion has a stack
// of many megabytes.
const maxStack = 16 << 10

// panicError is a panic that was recovered. Its text stays in our log: it may
// quote the object.
type panicError struct {
	cause any
	stack string
}

func newPanicError(cause any) *panicError {
	if known, ok := cause.(*panicError); ok { // raised again; the first stack tells where
		return known
	}
	stack := debug.Stack()
	return &panicError{cause: cause, stack: string(stack[:min(len(stack), maxStack)])}
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.cause) }

// panicOutside counts, beside the webhooks' names, a panic that is in neither.
const panicOutside = "none"

// errPanicked is what the API server is told of a panic.
var errPanicked = errors.New("internal error in Garboard; see its log for this request's UID")

// attempt runs a step of a request. ok is false where it panicked, which is
// then counted and logged.
func attempt(ctx context.Context, webhook string, metrics *Metrics, step func() admission.Response) (response admission.Response, ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			err := newPanicError(cause)
			metrics.panicked(webhook)
			log.FromContext(ctx).Error(err, "recovered", "webhook", webhook, "stack", err.stack)
			response, ok = admission.Response{}, false
		}
	}()
	return step(), true
}

// guarded answers a panic of a webhook with an error, so that the failure
// policy decides: under Fail the stored object stays as it is.
type guarded struct {
	admission.Handler
	webhook string
	metrics *Metrics
}

// Handle answers one request.
func (g *guarded) Handle(ctx context.Context, req admission.Request) admission.Response {
	response, ok := attempt(ctx, g.webhook, g.metrics, func() admission.Response { return g.Handler.Handle(ctx, req) })
	if !ok {
		return admission.Errored(http.StatusInternalServerError, errPanicked)
	}
	return response
}

// recoverHTTP answers a panic outside of the webhooks' own code with an error, too,
// instead of a connection that breaks off.
func recoverHTTP(metrics *Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, ok := attempt(r.Context(), panicOutside, metrics, func() (none admission.Response) {
			next.ServeHTTP(w, r)
			return none
		})
		if ok {
			return
		}
		http.Error(w, errPanicked.Error(), http.StatusInternalServerError)
	})
}

// panicCollector brings panics of goroutines to the one that waits for them: where they
// are, they are not recovered and would end the process.
type panicCollector struct {
	mu    sync.Mutex
	first *panicError
}

// wrap returns what a goroutine is to do, with its panic kept.
func (c *panicCollector) wrap(do func()) func() {
	return func() {
		defer func() {
			if cause := recover(); cause != nil {
				err := newPanicError(cause)
				c.mu.Lock()
				defer c.mu.Unlock()
				if c.first == nil {
					c.first = err
				}
			}
		}()
		do()
	}
}

// rethrow panics again, on the caller's goroutine, if one of the others has.
func (c *panicCollector) rethrow() {
	if c.first != nil {
		panic(c.first)
	}
}

// WithoutRegistry returns a Decider that asks no registry: each row that resolves
// answers what it would have resolved from. It is what is left where the way to
// a registry's answer panics: an image that is stored never goes back for it.
func (d *Decider) WithoutRegistry() *Decider {
	return &Decider{DeciderOptions: DeciderOptions{Resolver: stayResolver{}, UpdaterAccount: d.UpdaterAccount}, versions: d.versions}
}

var errUnasked = errors.New("no registry was asked, after an internal error")

type stayResolver struct{}

// Resolve implements Resolver: every container stays.
func (stayResolver) Resolve(_ context.Context, q resolver.Query) (resolver.Resolution, error) {
	return resolver.Resolution{Tag: q.Tag, Digest: q.Digest, Reason: resolver.StayRegistryUnavailable, Err: errUnasked}, errUnasked
}
