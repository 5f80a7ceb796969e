package resolver

import (
	"context"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// manifestReader is a Registry that reads a tag's digest and document in one request;
// *registry.Client does.
type manifestReader interface {
	Manifest(ctx context.Context, repository Repository, tag string, credential Credential) (registry.Manifest, error)
	ImageOf(ctx context.Context, repository Repository, manifest registry.Manifest, credential Credential, dated bool) (registry.Image, error)
}

// readAhead is what is read with a digest that is not known yet, since it is asked for
// next.
type readAhead int

const (
	digestAlone readAhead = iota
	withImage
	withDate // the image, and when it was built
)

// readsAhead is what the conditions need of a candidate once its digest is known: nothing
// where one of them judges by the digest, and may reject it.
func (r *Resolver) readsAhead(q *Query, k kind) readAhead {
	for _, each := range r.conditions {
		needs := each.cost(q, k)
		switch {
		case needs < costsDigest:
		case needs == costsDigest:
			return digestAlone
		case r.costs(q, k) == costsBuildDate:
			return withDate
		default:
			return withImage
		}
	}
	return digestAlone
}

// readsBaseAhead is readsAhead for the base's own tag: where it still leads to the digest
// that runs, nothing else of it is looked at.
func (r *Resolver) readsBaseAhead(q *Query, k kind) readAhead {
	if q.Digest != "" {
		return digestAlone
	}
	return r.readsAhead(q, k)
}

// readManifest returns the digest of a tag, and begins to read what it stands for.
func (r *Resolver) readManifest(ctx context.Context, from manifestReader, k digestKey, credential Credential, ahead readAhead, owner string) (string, error) {
	manifest, err := from.Manifest(ctx, k.repository, k.tag, credential)
	if err != nil || !manifest.IsRead() {
		return manifest.Digest(), err
	}
	image := imageKey{k.key, manifest.Digest(), ahead == withDate}
	r.beginImage(ctx, image, owner, func(ctx context.Context) (registry.Image, error) {
		return from.ImageOf(ctx, k.repository, manifest, credential, image.dated)
	})
	return manifest.Digest(), nil
}

// beginImage begins a read of an image, unless it is known.
func (r *Resolver) beginImage(ctx context.Context, k imageKey, owner string, read func(context.Context) (registry.Image, error)) {
	p := r.imageEntry(k)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		p.begin(ctx, &r.options, r.demandImage(k, p, owner, read))
	}
}
