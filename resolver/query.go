package resolver

import (
	"errors"
	"fmt"

	"github.com/keelson-dev/keelson/resolver/policy"
	"github.com/keelson-dev/keelson/resolver/registry"
)

// Pin is what a resolution writes.
type Pin string

const (
	// PinTag writes the tag; the zero value means the same.
	PinTag Pin = "tag"
	// PinDigest writes tag@digest.
	PinDigest Pin = "digest"
)

// Query asks for one container.
type Query struct {
	// Repository is canonical: docker.io/library/nginx, host:port/path.
	Repository string
	// Tag is the base: what the resolution starts from. "" is none.
	Tag string
	// Digest is the base's digest, "" if it has none.
	Digest string
	Policy *policy.Policy
	Pin    Pin
	// Want are other tags that the list must know, or else it is read again
	// before it answers: the submitted tag, the target of a bump.
	Want []string
	// WantDigest is the digest that a bump names. Where another is known, the
	// registry is asked again.
	WantDigest string
	// Credentials finds the credential; nil is the Resolver's own, if any.
	Credentials Credentials
	// Fresh reads now, however young the list is: a poll. A read under way
	// serves.
	Fresh bool
	// Allow narrows the candidates further; nil allows all.
	Allow func(tag string) bool
}

// Resolution is the outcome.
type Resolution struct {
	// Tag is the chosen one, or the base where it stays.
	Tag string
	// Digest belongs to Tag; "" unless policy or pin need one.
	Digest string
	Reason policy.Reason
	// Stale: answered from what was known before, since the registry could not
	// be asked or its list is suspect.
	Stale bool
	// Err is why the answer is stale, or why the base was kept; nil otherwise.
	// It is a *registry.Error where a registry failed.
	Err error
	// Warning is what a person should hear beside the reason; "" if nothing.
	Warning string
}

// Moved reports whether the resolution differs from the query's base.
func (r Resolution) Moved(q Query) bool {
	return r.Tag != q.Tag || r.Digest != "" && r.Digest != q.Digest
}

// Unavailable means that there is no answer: nothing is known of the
// repository, and it could not be read in time; or the query makes no sense.
type Unavailable struct { //nolint:errname // what it says of the repository
	Repository string
	Err        error
}

func (e *Unavailable) Error() string {
	return fmt.Sprintf("resolving %q: %v", e.Repository, e.Err)
}

// Unwrap returns the cause, a *registry.Error where a registry failed.
func (e *Unavailable) Unwrap() error { return e.Err }

var errNoPolicy = errors.New("query has no policy")

// ReadsRegistry reports whether the registry has a say in the answer. It has
// none where the policy cannot judge the tag at all.
func (q *Query) ReadsRegistry() bool {
	_, sure := withoutRegistry(q)
	return !sure
}

func (q *Query) check() error {
	if q.Policy == nil {
		return errNoPolicy
	}
	parsed, err := registry.ParseRepository(q.Repository)
	if err != nil {
		return err
	}
	if parsed.String() != q.Repository {
		return fmt.Errorf("repository is not canonical: %q is", parsed.String())
	}
	return nil
}

// Summary is the part of an error that may be shown to whoever writes
// workloads: no text of a registry, no address, no credential.
func Summary(err error) string {
	var failed *registry.Error
	if errors.As(err, &failed) {
		return failed.Summary()
	}
	return "registry could not be asked"
}
