package resolver

import (
	"context"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// imageKey is what an image is kept for. The credential is part of it: what a
// digest stands for is as private as its repository.
type imageKey struct {
	key
	digest string
	dated  bool
}

// imageEntry is an image that was read. It is read once: what a digest stands for
// never changes.
type imageEntry struct {
	source[foundImage]
	foundImage
	known bool
	// seen is when it was first looked at. It is not saved: a file that says that
	// something was seen long ago would be a way around MinAge.
	seen time.Time
}

// foundImage is what was read of a digest: an image, or why it is none.
type foundImage struct {
	image registry.Image
	fault error
}

// image reads what a digest stands for, unless that is known.
func (r *Resolver) image(ctx context.Context, q *Query, digest string, credential Credential, dated bool) (datedImage, error) {
	k := imageKey{key{q.Repository, credential.Identity()}, digest, dated}
	p := r.imageEntry(k)
	read := func(ctx context.Context) (registry.Image, error) {
		return r.registry.Image(ctx, q.Repository, digest, credential, dated)
	}
	kept, err := updateSource(ctx, &p.source, &r.options, r.demandImage(k, p, q.Owner, read), func() (keptImage, bool) {
		if p.known && p.seen.IsZero() {
			p.seen = r.options.Now()
		}
		return keptImage{datedImage{p.image, p.seen}, p.fault}, p.known
	})
	if err == nil {
		err = kept.fault
	}
	return kept.datedImage, err
}

func (r *Resolver) imageEntry(k imageKey) *imageEntry {
	return r.images.Get(k, func() *imageEntry { return r.saved.imageEntry(k) })
}

// demandImage wants an image, whenever it was read.
func (r *Resolver) demandImage(k imageKey, p *imageEntry, owner string, read func(context.Context) (registry.Image, error)) demand[foundImage] {
	return demand[foundImage]{
		repository: k.repository.String(),
		places:     r.reads.of(owner),
		what:       lookupImage,
		needed:     func(time.Time) bool { return !p.known },
		afterRead:  func(time.Time) {},
		fetch: func(ctx context.Context) (foundImage, error) {
			image, err := read(ctx)
			if registry.KindOf(err) == registry.NotAnImage {
				return foundImage{image, err}, nil
			}
			return foundImage{image: image}, err
		},
		accept: func(found foundImage, _ time.Time) {
			p.foundImage, p.known = found, true
			r.changes.Add(1)
		},
	}
}

// keptImage is what an entry has: an image, or why the digest is not an image.
type keptImage struct {
	datedImage
	fault error
}
