package resolver

import (
	"context"
	"errors"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// Describer reads what images say of themselves; *registry.Client does.
type Describer interface {
	Describe(ctx context.Context, repository Repository, digest string, credential Credential) (registry.Description, error)
}

// Description is what an image says of itself, for people.
type Description struct {
	// Digest is the image's.
	Digest string
	registry.Description
}

// maxDescribed is how many descriptions are kept: people look at few.
const maxDescribed = 256

// describedEntry is a description that was read. It is read once: what a digest stands
// for never changes.
type describedEntry struct {
	source[registry.Description]
	known bool
	told  registry.Description
}

var errDescribesNothing = errors.New("this program reads no descriptions of images")

// Describe tells what an image says of itself. An empty digest is the one that the tag
// leads to. What was read before costs no request but, with an empty digest, that for the
// tag. The error is an *Unavailable.
func (r *Resolver) Describe(ctx context.Context, q Query, tag, digest string) (Description, error) {
	found, err := r.describe(ctx, &q, tag, digest)
	if err != nil {
		return found, &Unavailable{Repository: q.Repository.String(), Err: err}
	}
	return found, nil
}

func (r *Resolver) describe(ctx context.Context, q *Query, tag, digest string) (Description, error) {
	if err := q.check(); err != nil {
		return Description{}, err
	}
	if err := r.allows(q); err != nil {
		return Description{}, err
	}
	source, ok := r.registry.(Describer)
	if !ok {
		return Description{}, errDescribesNothing
	}
	var found Description
	_, err := r.attempt(ctx, q, func(c Credential) (err error) {
		found = Description{Digest: digest}
		if digest == "" {
			if found.Digest, err = r.digest(ctx, q, tag, c, digestAlone, r.options.FreshFor); found.Digest == "" {
				return err
			}
		}
		found.Description, err = r.described(ctx, q, found.Digest, c, source)
		return err
	})
	return found, err
}

// described reads a description, unless it is known.
func (r *Resolver) described(ctx context.Context, q *Query, digest string, credential Credential, from Describer) (registry.Description, error) {
	k := imageKey{key{q.Repository, credential.Identity()}, digest, true}
	p := r.descriptions.Get(k, func() *describedEntry { return &describedEntry{} })
	return updateSource(ctx, &p.source, &r.options, demand[registry.Description]{
		repository: q.Repository.String(),
		places:     r.reads.of(q.Owner),
		what:       lookupImage,
		needed:     func(time.Time) bool { return !p.known },
		afterRead:  func(time.Time) {},
		fetch: func(ctx context.Context) (registry.Description, error) {
			return from.Describe(ctx, q.Repository, digest, credential)
		},
		accept: func(told registry.Description, _ time.Time) { p.told, p.known = told, true },
	}, func() (registry.Description, bool) { return p.told, p.known })
}

// Built returns when an image was built, as far as that was read before, with a credential
// of the query: it asks no registry. It is zero if it is not known. An empty digest is the
// one that the tag led to when it was looked at last.
func (r *Resolver) Built(ctx context.Context, q Query, tag, digest string) time.Time {
	if q.check() != nil || r.allows(&q) != nil {
		return time.Time{}
	}
	credentials, _ := r.credentials(ctx, &q) // those that are missing have read nothing
	for _, c := range credentials {
		k := key{q.Repository, c.Identity()}
		of := digest
		if of == "" {
			of = r.knownDigest(digestKey{k, tag})
		}
		if at := r.knownDate(imageKey{k, of, true}); of != "" && !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// knownDigest is what a tag led to when it was looked at last.
func (r *Resolver) knownDigest(k digestKey) string {
	p, ok := r.digests.Peek(k)
	if !ok {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digest
}

// knownDate is when an image was built, as far as that was read.
func (r *Resolver) knownDate(k imageKey) time.Time {
	if p, ok := r.images.Peek(k); ok {
		p.mu.Lock()
		at := p.image.Created
		p.mu.Unlock()
		if !at.IsZero() {
			return at
		}
	}
	p, ok := r.descriptions.Peek(k)
	if !ok {
		return time.Time{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told.Created
}
