package resolver

import (
	"context"
	"time"
)

// digestKey is what a digest is kept for.
type digestKey struct {
	key
	tag string
}

// digestEntry is what a tag pointed at, when last looked.
type digestEntry struct {
	source[string]
	digest string
	// asked is when the registry was last asked for a digest that it did not
	// have.
	asked time.Time
}

// isKnown reports whether the tag pointed at something when it was last looked at.
func (p *digestEntry) isKnown() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digest != ""
}

// differs reports whether a bump names another digest than the one known.
func (p *digestEntry) differs(q *Query) bool { return q.WantDigest != "" && q.WantDigest != p.digest }

// digest returns what a tag points at, as it was no longer than freshFor ago.
// The error is why it is not known, or, beside a digest, why that is an old one. Of a tag
// that nothing is known of, what is asked for next is read ahead.
func (r *Resolver) digest(ctx context.Context, q *Query, tag string, credential Credential, ahead readAhead, freshFor time.Duration) (string, error) {
	k := digestKey{key{q.Repository, credential.Identity()}, tag}
	p := r.digests.Get(k, func() *digestEntry { return r.saved.digestEntry(k) })
	from, readsManifests := r.registry.(manifestReader)
	readsManifests = readsManifests && ahead != digestAlone && !p.isKnown()
	differs := func(now time.Time) bool { return p.differs(q) && now.Sub(p.asked) >= r.options.FreshFor }
	since := q.Since
	if freshFor > r.options.FreshFor {
		since = time.Time{}
	}
	return updateSource(ctx, &p.source, &r.options, demand[string]{
		repository: q.Repository.String(),
		places:     r.reads.of(q.Owner),
		what:       lookupDigest,
		since:      since,
		needed:     func(now time.Time) bool { return p.stale(now, freshFor) || differs(now) },
		afterRead: func(now time.Time) {
			if p.differs(q) {
				p.asked = now
			}
		},
		fetch: func(ctx context.Context) (string, error) {
			if readsManifests {
				return r.readManifest(ctx, from, k, credential, ahead, q.Owner)
			}
			return r.registry.Digest(ctx, q.Repository, tag, credential)
		},
		accept: func(digest string, _ time.Time) {
			p.digest = digest
			r.changes.Add(1)
		},
	}, func() (string, bool) { return p.digest, p.digest != "" })
}
