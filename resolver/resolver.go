package resolver

import (
	"context"
	"sync/atomic"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// Registry reads registries; *registry.Client does. Errors are
// *registry.Error.
type Registry interface {
	// Tags lists a repository, whole.
	Tags(ctx context.Context, repository Repository, credential Credential) ([]string, error)
	// Digest is what a tag points at: sha256:….
	Digest(ctx context.Context, repository Repository, tag string, credential Credential) (string, error)
	// Image is what a digest stands for; with dated, its Created too, which
	// may cost more requests.
	Image(ctx context.Context, repository Repository, digest string, credential Credential, dated bool) (registry.Image, error)
}

// Resolver resolves, and remembers what it read. It is safe for concurrent use.
type Resolver struct {
	registry Registry
	options  Options
	// conditions are what a candidate must pass besides the policy.
	conditions []condition
	lists      *recent.Map[key, *entry]
	digests    *recent.Map[digestKey, *digestEntry]
	images     *recent.Map[imageKey, *imageEntry]
	refusals   *recent.Map[key, *refusal]
	reads      *reads
	// descriptions are those that people asked for.
	descriptions *recent.Map[imageKey, *describedEntry]
	// places are those that credentials were read from, each with the identity of
	// its credential.
	places *recent.Map[string, string]
	saved  saved
	// changes counts what was learnt, and numbers the lists that differ from the one before.
	changes, numbers atomic.Uint64
}

// How many digests and images are kept for each list, on average. A policy that
// goes by date looks at fifty tags; an image may name 64 platforms. A credential
// may be in several Secrets.
const (
	digestsEach = 8
	imagesEach  = 2
	placesEach  = 4
)

// New returns a Resolver that knows nothing yet.
func New(source Registry, options Options) *Resolver {
	options = options.withDefaults()
	return &Resolver{
		registry:     source,
		options:      options,
		conditions:   append(newConditions(&options), options.conditions...),
		lists:        recent.New[key, *entry](options.MaxEntries, options.DropAfter, options.Now),
		digests:      recent.New[digestKey, *digestEntry](digestsEach*options.MaxEntries, options.DropAfter, options.Now),
		images:       recent.New[imageKey, *imageEntry](imagesEach*options.MaxEntries, options.DropAfter, options.Now),
		reads:        newReads(&options),
		refusals:     recent.New[key, *refusal](options.MaxEntries, refusedFor, options.Now),
		descriptions: recent.New[imageKey, *describedEntry](maxDescribed, options.DropAfter, options.Now),
		places:       recent.New[string, string](placesEach*options.MaxEntries, options.DropAfter, options.Now),
	}
}

// Resolve answers a query within the context's deadline; a read that takes
// longer goes on for those who come later. The error is an *Unavailable, and
// the Resolution beside it the base.
func (r *Resolver) Resolve(ctx context.Context, q Query) (Resolution, error) {
	if err := q.check(); err != nil {
		return unavailable(&q, err)
	}
	if reason, sure := withoutRegistry(&q); sure {
		return stayAtBase(&q, reason), nil
	}
	if err := r.allows(&q); err != nil {
		return unavailable(&q, err)
	}
	resolution, err := r.resolve(ctx, &q)
	if q.TellAsked {
		resolution.Asked = r.asked(&q)
	}
	return resolution, err
}

// resolve answers with what the registry has.
func (r *Resolver) resolve(ctx context.Context, q *Query) (Resolution, error) {
	if q.Policy.FollowsSameTag(q.Tag) {
		return r.follow(ctx, q)
	}
	seen, credential := r.see(ctx, q)
	if seen.index == nil && seen.err != nil {
		return unavailable(q, seen.err)
	}
	resolution := r.choose(ctx, q, &seen, credential)
	switch {
	case seen.err != nil:
		resolution.Stale = true
		if resolution.Err == nil {
			resolution.Err = seen.err
		}
	case seen.suspect && seen.index != nil:
		resolution.Stale = true
		if resolution.Warning == "" {
			resolution.Warning = WarningSuspectList
		}
	}
	if ctx.Err() == nil && q.restsOnList(&seen, &resolution) {
		resolution.List = seen.number
	}
	return resolution, nil
}

// allows keeps what was read before the settings forbade it from being told.
func (r *Resolver) allows(q *Query) error {
	if r.options.Allows == nil {
		return nil
	}
	return r.options.Allows(q.Repository)
}

// see returns what is known of a repository, by the first credential that is
// not refused. Where all are, it is what one of them could read before.
func (r *Resolver) see(ctx context.Context, q *Query) (view, Credential) {
	var seen view
	credential, err := r.attempt(ctx, q, func(c Credential) error {
		found := r.view(ctx, q, c)
		if seen.index == nil || found.index != nil {
			seen = found
		}
		return found.err
	})
	seen.err = err
	return seen, credential
}

// withoutRegistry reports the stays that no list can change.
func withoutRegistry(q *Query) (policy.Reason, bool) {
	if q.Policy.ByDate(q.Tag) {
		return "", false
	}
	switch reason := q.Policy.Select(nil, q.Tag).Reason; reason {
	case policy.StayNever, policy.StayNotAVersion, policy.StayUnreadVersion, policy.StayFiltered, policy.StayNoCurrent:
		return reason, true
	case policy.StayNotInList: // force says so of a tag that it would follow
		return policy.StayNoCandidate, !q.Policy.FollowsSameTag(q.Tag)
	default:
		return "", false
	}
}

// follow is force with matchTag: the same tag, its current digest. It takes no list, and
// one HEAD, or a GET where the image is looked at as well.
func (r *Resolver) follow(ctx context.Context, q *Query) (Resolution, error) {
	var digest string
	ahead := r.readsBaseAhead(q, move)
	credential, err := r.attempt(ctx, q, func(c Credential) error {
		found, err := r.digest(ctx, q, q.Tag, c, ahead, r.options.FreshFor)
		if found != "" || digest == "" {
			digest = found
		}
		return err
	})
	switch {
	case notFound(err):
		kept := stayAtBase(q, StayNotInList)
		kept.Err, kept.Warning = err, WarningLacksTag
		return kept, nil
	case digest == "":
		return unavailable(q, err)
	case digest == q.Digest:
		return Resolution{Tag: q.Tag, Digest: digest, Reason: policy.StayNewest, Stale: err != nil, Err: err}, nil
	}
	c := candidate{kind: move, tag: q.Tag, credential: credential, digest: digest, old: err, read: costsDigest}
	if rejected := r.judge(ctx, q, &c); rejected != nil {
		return stayFor(q, &c, rejected), nil
	}
	return Resolution{Tag: q.Tag, Digest: digest, Reason: policy.SameTag, Stale: err != nil, Err: err}, nil
}

// stayAtBase is the base.
func stayAtBase(q *Query, reason policy.Reason) Resolution {
	return Resolution{Tag: q.Tag, Digest: q.Digest, Reason: reason}
}

func unavailable(q *Query, err error) (Resolution, error) {
	failed := &Unavailable{Repository: q.Repository.String(), Err: err}
	kept := stayAtBase(q, StayRegistryUnavailable)
	kept.Err = failed.Err
	return kept, failed
}
