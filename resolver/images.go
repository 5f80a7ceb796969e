package resolver

import (
	"context"
	"fmt"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// imageKey is what an image is kept for. The credential is part of it: what a
// digest stands for is as private as its repository.
type imageKey struct {
	key
	digest string
	dated  bool
}

// picture is an image that was read. It is read once: what a digest stands for
// never changes.
type picture struct {
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
func (r *Resolver) image(ctx context.Context, q *Query, digest string, credential Credential, dated bool) (sighting, error) {
	k := imageKey{key{q.Repository, credential.Identity()}, digest, dated}
	p := r.images.Get(k, func() *picture { return r.saved.picture(k) })
	var fault error
	err := p.update(ctx, &r.options, demand[registry.Image]{
		repository: q.Repository,
		what:       lookupImage,
		known:      func() bool { return p.known },
		needed:     func(time.Time) bool { return !p.known },
		settle:     func(time.Time) {},
		fetch: func(ctx context.Context) (registry.Image, error) {
			image, err := r.registry.Image(ctx, q.Repository, digest, credential, dated)
			if kindOf(err) == registry.NotAnImage {
				fault, err = err, nil
			}
			return image, err
		},
		accept: func(image registry.Image, _ time.Time) {
			p.image, p.fault, p.known = image, fault, true
			r.changes.Add(1)
		},
	})
	defer p.mu.Unlock() // update locks

	if err == nil {
		err = p.fault
	}
	if p.known && p.seen.IsZero() {
		p.seen = r.options.Now()
	}
	return sighting{p.image, p.seen}, err
}

// unfitError is why a digest cannot be the answer.
type unfitError struct {
	reason policy.Reason // of staying, if nothing else is there
	text   string        // of the rejection
	err    error         // nil where the image itself is the reason
	ripens time.Time     // when the reason ends by itself; zero where it does not
}

func (e *unfitError) Error() string { return e.text }

// unfit returns why an image cannot serve the query's platforms, or is too young;
// nil where it can. Where nobody asks for either, the image is not read.
func (r *Resolver) unfit(ctx context.Context, q *Query, digest string, credential Credential) *unfitError {
	if len(q.Platforms) == 0 && q.MinAge <= 0 {
		return nil
	}
	image, err := r.image(ctx, q, digest, credential, q.MinAge > 0 || q.Policy.ByDate(q.Tag))
	if err != nil {
		fault := unreadable(err)
		if len(q.Platforms) == 0 && fault.fatal() {
			fault.reason = StayTooYoung // nobody knows
		}
		return fault
	}
	if fault := lacking(q, image.Image); fault != nil {
		return fault
	}
	return r.young(q, image)
}

func unreadable(err error) *unfitError {
	switch kindOf(err) {
	case registry.NotAnImage:
		return &unfitError{reason: StayNoPlatform, text: "no container image"}
	case registry.BadAnswer, registry.TooLarge:
		return &unfitError{reason: StayNoPlatform, text: "its manifest makes no sense"}
	case registry.NotFound:
		return &unfitError{reason: StayNoDigest, text: textMissing, err: err}
	default:
		return &unfitError{reason: StayNoPlatform, text: "its manifest could not be read", err: err}
	}
}

func lacking(q *Query, image registry.Image) *unfitError {
	for _, platform := range q.Platforms {
		if !image.Runs(platform) {
			return &unfitError{reason: StayNoPlatform, text: fmt.Sprintf("not built for %s", platform)}
		}
	}
	return nil
}

const textMissing = "listed, but has no manifest"

// fatal reports an error that says nothing about the image: the registry could
// not be asked, and asking about the next tag would be no better.
func (e *unfitError) fatal() bool { return e.err != nil && !notFound(e.err) }
