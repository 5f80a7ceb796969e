package registry

import (
	"context"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// reading is one question: what does not change from endpoint to endpoint.
type reading struct {
	client     *Client
	settings   *settings
	repository Repository
}

// session is one read of one repository at one endpoint.
type session struct {
	reading
	*auth.Session
	pageSize int
	host     string
	asker    *Asker
	// turn are the names by which a turn for long answers was taken; nil if none was.
	turn []string
}

// readEndpoints asks about a repository: its mirrors in turn, then the registry itself,
// as containerd does. One endpoint gives the whole answer. The settings are
// those of the beginning. The error is always an *Error.
//
// A mirror is asked with the operator's credential, or with none, for every
// caller. What it answers is nevertheless the answer to the caller's own
// credential, as which the resolver keeps it: no tenant sees another's. Whether
// a mirror may show all tenants what its credential reads is the operator's
// choice, as it is with containerd's.
func readEndpoints[T any](ctx context.Context, c *Client, repository Repository, credential Credential, ask func(context.Context, *session) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()

	var none T
	about := reading{client: c, settings: c.settings.Load(), repository: repository}
	if refusal := about.settings.refuses(repository); refusal != nil {
		return none, refusal
	}
	route := about.settings.route(repository)
	var missed []error
	for i := range route.mirrors {
		value, err := askMirror(ctx, about, &route.mirrors[i], ask)
		if err == nil {
			return value, nil
		}
		failed := failure.Classify(err)
		if !asksNext(failed) {
			return none, failed.Of(repository.String())
		}
		missed = append(missed, failed)
	}
	if ctx.Err() != nil { // the registry would be pinged without a caller
		return none, withMirrors(failure.Classify(ctx.Err()), missed).Of(repository.String())
	}
	value, err := askEndpoint(ctx, about, &route.server, credential, ask)
	if err != nil {
		return none, withMirrors(failure.Classify(err), missed).Of(repository.String())
	}
	return value, nil
}

// askMirror gives a mirror half of what is left of the time, so that one that
// hangs leaves enough for those after it.
func askMirror[T any](ctx context.Context, about reading, e *endpoint, ask func(context.Context, *session) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	return askEndpoint(ctx, about, e, e.credential, ask)
}

func askEndpoint[T any](ctx context.Context, about reading, e *endpoint, credential Credential, ask func(context.Context, *session) (T, error)) (T, error) {
	defer e.client.Release()
	var none T
	at := e.address(about.repository)
	signedIn, err := e.client.Session(ctx, at, about.repository.Path(), credential, about.settings.listsPrivate)
	if err != nil {
		return none, err
	}
	s := &session{reading: about, Session: signedIn, pageSize: e.pageSize, host: at.Host, asker: askerOf(ctx)}
	defer s.leaveLarge()
	return ask(ctx, s)
}

// asksNext reports whether a mirror's failure leaves the question open. What is
// not named here is an answer.
func asksNext(e *Error) bool {
	switch e.Kind {
	case Unreachable, Timeout, Unauthorized, NotFound, RateLimited, BadAnswer, TooLarge, Blocked:
		return true
	default:
		return false
	}
}

// withMirrors returns the registry's own failure with those of its mirrors inside.
func withMirrors(e *Error, mirrors []error) *Error {
	if len(mirrors) == 0 {
		return e
	}
	joined := *e
	joined.Err = &mirroredError{own: e.Err, mirrors: mirrors}
	return &joined
}

// mirroredError reads as the registry's own failure; those of the mirrors are
// for errors.Is.
type mirroredError struct {
	own     error // nil where the kind says it all
	mirrors []error
}

func (e *mirroredError) Error() string {
	if e.own == nil {
		return "after its mirrors"
	}
	return e.own.Error()
}

// Unwrap returns the causes, the registry's first.
func (e *mirroredError) Unwrap() []error {
	if e.own == nil {
		return e.mirrors
	}
	return append([]error{e.own}, e.mirrors...)
}
