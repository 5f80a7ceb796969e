package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// refusedFor is how long a credential that a registry refused for a repository
// comes after all others: to ask with it each time would cost a request, and
// lock accounts where refusals are counted.
const refusedFor = 10 * time.Minute

// refusal is when a credential was last refused, in Unix nanoseconds; 0 is
// never.
type refusal struct{ at atomic.Int64 }

// attempt asks with one credential after the other until one is not refused, as
// a kubelet pulls, and returns that one. Anonymous is asked only where there is
// no credential at all.
func (r *Resolver) attempt(ctx context.Context, q *Query, ask func(Credential) error) (Credential, error) {
	used, err := r.tryEach(ctx, q, ask)
	q.used = used
	return used, err
}

func (r *Resolver) tryEach(ctx context.Context, q *Query, ask func(Credential) error) (Credential, error) {
	credentials, missing := r.credentials(ctx, q)
	for _, c := range credentials {
		r.note(c)
	}
	if len(credentials) == 1 { // nothing to choose from, and nothing to remember
		return credentials[0], withMissing(ask(credentials[0]), missing)
	}
	now := r.options.Now()
	lately := func(c Credential) int {
		if at := r.refusal(q, c).at.Load(); at != 0 && now.Sub(time.Unix(0, at)) < refusedFor {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(credentials, func(a, b Credential) int { return cmp.Compare(lately(a), lately(b)) })
	var err, absent error
	for _, c := range credentials {
		err = ask(c)
		switch {
		case !registry.DependsOnCredential(err):
			r.refusal(q, c).at.Store(0)
			return c, err
		case registry.KindOf(err) == registry.Unauthorized: // what is not there may be a tag alone
			r.refusal(q, c).at.Store(now.UnixNano())
		default:
			absent = err
		}
	}
	if absent != nil { // who may look knows more than who may not
		err = absent
	}
	return credentials[0], withMissing(err, missing)
}

func (r *Resolver) refusal(q *Query, c Credential) *refusal {
	return r.refusals.Get(key{q.Repository, c.Identity()}, func() *refusal { return new(refusal) })
}

// credentials are those of the query, then those of the Resolver, each once.
// The error is why some are missing.
func (r *Resolver) credentials(ctx context.Context, q *Query) ([]Credential, error) {
	all, missing := Chain{q.Credentials, r.options.Credentials}.For(ctx, q.Repository)
	return registry.DistinctCredentials(all), missing
}

func notFound(err error) bool { return registry.KindOf(err) == registry.NotFound }

// CredentialError says that a registry refused, and that credentials which it
// might have accepted could not be had.
type CredentialError struct {
	// Refusal is the registry's, Missing why credentials are missing.
	Refusal, Missing error
}

func (e *CredentialError) Error() string { return fmt.Sprintf("%v; %v", e.Refusal, e.Missing) }

// Unwrap returns both.
func (e *CredentialError) Unwrap() []error { return []error{e.Refusal, e.Missing} }

// withMissing adds to a refusal why credentials are missing.
func withMissing(err, missing error) error {
	if missing == nil || !registry.DependsOnCredential(err) {
		return err
	}
	return &CredentialError{Refusal: err, Missing: missing}
}

// Summary is the part of an error that may be shown to writers of
// workloads: no text of a registry, no address, no credential. An error about a
// credential has a Summary of its own where it may be shown.
func Summary(err error) string {
	var failed *registry.Error
	if !errors.As(err, &failed) {
		return "registry could not be asked"
	}
	text := failed.Summary()
	var credential *CredentialError
	if !errors.As(err, &credential) {
		return text
	}
	var shown interface{ Summary() string }
	if errors.As(credential.Missing, &shown) {
		// The words above would leave a warning no room for what matters.
		return "not readable; " + shown.Summary()
	}
	return text + "; a credential could not be read"
}
