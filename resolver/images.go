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
	source[registry.Image]
	known bool
	image registry.Image
	// fault: it is no image.
	fault error
	// seen is when it was first looked at. It is not saved: a file that says that
	// something was seen long ago would be a way around MinAge.
	seen time.Time
}

// image reads what a digest stands for, unless that is known.
func (r *Resolver) image(ctx context.Context, q *Query, digest string, credential Credential, dated bool) (datedImage, error) {
	k := imageKey{key{q.Repository, credential.Identity()}, digest, dated}
	p := r.images.Get(k, func() *imageEntry { return r.saved.imageEntry(k) })
	var fault error
	kept, err := updateSource(ctx, &p.source, &r.options, demand[registry.Image]{
		repository: q.Repository.String(),
		what:       lookupImage,
		needed:     func(time.Time) bool { return !p.known },
		afterRead:  func(time.Time) {},
		fetch: func(ctx context.Context) (registry.Image, error) {
			image, err := r.registry.Image(ctx, q.Repository, digest, credential, dated)
			if registry.KindOf(err) == registry.NotAnImage {
				fault, err = err, nil
			}
			return image, err
		},
		accept: func(image registry.Image, _ time.Time) {
			p.image, p.fault, p.known = image, fault, true
			r.changes.Add(1)
		},
	}, func() (keptImage, bool) {
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

// keptImage is what an entry has: an image, or why the digest is not an image.
type keptImage struct {
	datedImage
	fault error
}
