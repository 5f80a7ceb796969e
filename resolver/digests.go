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
	k, p := r.digestEntry(q, tag, credential)
	if p.isKnown() {
		ahead = digestAlone
	}
	d := r.demandDigest(q, k, p, credential, ahead, freshFor)
	return updateSource(ctx, &p.source, &r.options, d, func() (string, bool) { return p.digest, p.digest != "" })
}

// beginDigest begins a read of what a tag points at, which may not be there, unless something
// is known of it.
func (r *Resolver) beginDigest(ctx context.Context, q *Query, tag string, credential Credential, ahead readAhead) {
	k, p := r.digestEntry(q, tag, credential)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.digest == "" {
		d := r.demandDigest(q, k, p, credential, ahead, r.options.FreshFor)
		d.guessed = true
		p.begin(ctx, &r.options, d)
	}
}

func (r *Resolver) digestEntry(q *Query, tag string, credential Credential) (digestKey, *digestEntry) {
	k := digestKey{key{q.Repository, credential.Identity()}, tag}
	return k, r.digests.Get(k, func() *digestEntry { return r.saved.digestEntry(k) })
}

// demandDigest wants a digest that was read no longer than freshFor ago.
func (r *Resolver) demandDigest(q *Query, k digestKey, p *digestEntry, credential Credential, ahead readAhead, freshFor time.Duration) demand[string] {
	from, readsManifests := r.registry.(manifestReader)
	readsManifests = readsManifests && ahead != digestAlone
	differs := func(now time.Time) bool { return p.differs(q) && now.Sub(p.asked) >= r.options.FreshFor }
	since := q.Since
	if freshFor > r.options.FreshFor {
		since = time.Time{}
	}
	return demand[string]{
		repository: k.repository.String(),
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
			return r.registry.Digest(ctx, k.repository, k.tag, credential)
		},
		accept: func(digest string, _ time.Time) {
			p.digest = digest
			r.changes.Add(1)
		},
	}
}
