package resolver

import (
	"context"
	"errors"

	"github.com/keelson-dev/keelson/resolver/internal/recent"
	"github.com/keelson-dev/keelson/resolver/policy"
	"github.com/keelson-dev/keelson/resolver/registry"
)

// Registry reads registries; *registry.Client does. Errors are
// *registry.Error.
type Registry interface {
	// Tags lists a repository such as docker.io/library/nginx, whole.
	Tags(ctx context.Context, repository string, credential Credential) ([]string, error)
	// Digest is what a tag points at: sha256:….
	Digest(ctx context.Context, repository, tag string, credential Credential) (string, error)
}

// Resolver resolves, and remembers what it read. It is safe for concurrent use.
type Resolver struct {
	registry Registry
	options  Options
	lists    *recent.Map[key, *entry]
	digests  *recent.Map[digestKey, *pointer]
}

// New returns a Resolver that knows nothing yet.
func New(source Registry, options Options) *Resolver {
	options = options.withDefaults()
	return &Resolver{
		registry: source,
		options:  options,
		lists:    recent.New[key, *entry](options.MaxEntries, options.DropAfter, options.Now),
		digests:  recent.New[digestKey, *pointer](options.MaxEntries, options.DropAfter, options.Now),
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
		return stay(&q, reason), nil
	}
	credential, err := r.credential(ctx, &q)
	if err != nil {
		return unavailable(&q, err)
	}
	if q.Policy.Digest(q.Tag) {
		return r.follow(ctx, &q, credential)
	}
	seen := r.view(ctx, &q, credential)
	if seen.index == nil && seen.err != nil {
		return unavailable(&q, seen.err)
	}
	resolution := r.choose(ctx, &q, &seen, credential)
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
	return resolution, nil
}

// Rejection is why a tag is not the answer, as a clause for people.
type Rejection struct {
	Tag, Text string
}

// Explain says why each other tag of the list is not what Resolve answered.
// First come the tags that the policy prefers to the answer, best first, the
// rest follow in natural order. The error is an *Unavailable.
func (r *Resolver) Explain(ctx context.Context, q Query, answer Resolution) ([]Rejection, error) {
	if err := q.check(); err != nil {
		return nil, &Unavailable{Repository: q.Repository, Err: err}
	}
	credential, err := r.credential(ctx, &q)
	if err != nil {
		return nil, &Unavailable{Repository: q.Repository, Err: err}
	}
	seen := r.view(ctx, &q, credential)
	if seen.index == nil && seen.err != nil {
		return nil, &Unavailable{Repository: q.Repository, Err: seen.err}
	}
	rejected, tried := r.passedOver(&q, &seen, &answer)
	for _, v := range q.Policy.Explain(seen.index, q.Tag) {
		if v.Tag == answer.Tag || tried[v.Tag] {
			continue
		}
		text := v.Reason.Text()
		switch v.Reason {
		case policy.RejectNotHighest, policy.RejectSameVersion: // a candidate, judged beside the policy's choice
			text = beside(&q, v.Tag, &answer)
		}
		rejected = append(rejected, Rejection{Tag: v.Tag, Text: text})
	}
	return rejected, nil
}

// passedOver goes again through what choose tried before it came to the answer.
func (r *Resolver) passedOver(q *Query, seen *view, answer *Resolution) (rejected []Rejection, tried map[string]bool) {
	text, tries := "listed, but has no manifest", maxMissing
	if answer.Reason == StayNotInList || answer.Reason == StayNoDigest && !notFound(answer.Err) {
		text, tries = notChosen(answer), 1
	}
	tried = map[string]bool{}
	for range tries {
		selected := r.selects(q, seen, tried)
		if selected.Tag == answer.Tag {
			break
		}
		tried[selected.Tag] = true
		rejected = append(rejected, Rejection{Tag: selected.Tag, Text: text})
	}
	return rejected, tried
}

func notChosen(answer *Resolution) string { return "not chosen: " + Text(answer.Reason) }

// beside is why a candidate is not the answer.
func beside(q *Query, tag string, answer *Resolution) string {
	if answer.Reason == StayNotInList || answer.Reason == StayNoDigest { // nothing was chosen
		return notChosen(answer)
	}
	if c, ordered := q.Policy.Compare(tag, answer.Tag); ordered && c == 0 {
		return policy.RejectSameVersion.Text()
	}
	return policy.RejectNotHighest.Text()
}

func (r *Resolver) credential(ctx context.Context, q *Query) (Credential, error) {
	finder := q.Credentials
	if finder == nil {
		finder = r.options.Credentials
	}
	if finder == nil {
		return Credential{}, nil
	}
	return finder.For(ctx, q.Repository)
}

// withoutRegistry reports the stays that no list can change.
func withoutRegistry(q *Query) (policy.Reason, bool) {
	switch reason := q.Policy.Select(nil, q.Tag).Reason; reason {
	case policy.StayNever, policy.StayNotAVersion, policy.StayFiltered, policy.StayNoCurrent, policy.StayNeedsRegistry:
		return reason, true
	case policy.StayNotInList: // force says so of a tag that it would follow
		return policy.StayNoCandidate, !q.Policy.Digest(q.Tag)
	default:
		return "", false
	}
}

// follow is force with matchTag: the same tag, its current digest. It takes one
// HEAD and no list.
func (r *Resolver) follow(ctx context.Context, q *Query, credential Credential) (Resolution, error) {
	digest, err := r.digest(ctx, q, q.Tag, credential)
	switch {
	case notFound(err):
		kept := stay(q, StayNotInList)
		kept.Err, kept.Warning = err, WarningLacksTag
		return kept, nil
	case digest == "":
		return unavailable(q, err)
	}
	followed := Resolution{Tag: q.Tag, Digest: digest, Reason: policy.SameTag, Stale: err != nil, Err: err}
	if digest == q.Digest {
		followed.Reason = policy.StayNewest
	}
	return followed, nil
}

// maxMissing is how many listed tags may turn out to have no manifest before
// the base stays.
const maxMissing = 3

// choose selects from a list, and finds the digest where one is to be written.
func (r *Resolver) choose(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	if seen.index == nil || seen.index.Len() == 0 {
		kept := stay(q, StayEmptyList)
		kept.Warning = WarningEmptyList
		return kept
	}
	var warning string
	if seen.lacks && !q.Policy.DemandsMove(q.Tag) {
		if !seen.confirmed {
			kept := stay(q, StayNotInList)
			kept.Warning = WarningLacksTag
			return kept
		}
		warning = WarningLackedTwice
	}
	missing := map[string]bool{}
	var missed error
	for range maxMissing {
		resolution, err := r.pin(ctx, q, r.selects(q, seen, missing), credential)
		resolution.Warning = warning
		if !notFound(err) {
			if resolution.Err == nil {
				resolution.Err = missed
			}
			return resolution
		}
		// Listed, but gone: registries clean up manifests before tags.
		missing[resolution.Tag], missed = true, err
	}
	kept := stay(q, StayNoDigest)
	kept.Err, kept.Warning = missed, warning
	return kept
}

func (r *Resolver) selects(q *Query, seen *view, missing map[string]bool) policy.Selection {
	if len(missing) == 0 {
		return q.Policy.SelectWithin(seen.index, q.Tag, q.Allow)
	}
	return q.Policy.SelectWithin(seen.index, q.Tag, func(tag string) bool {
		return !missing[tag] && (q.Allow == nil || q.Allow(tag))
	})
}

// pin adds the digest to a selection. With the error that a tag is not found
// comes that tag; any other failure has become a stay.
func (r *Resolver) pin(ctx context.Context, q *Query, selected policy.Selection, credential Credential) (Resolution, error) {
	resolution := Resolution{Tag: selected.Tag, Reason: selected.Reason}
	moved := selected.Moved(q.Tag)
	if !moved {
		resolution.Digest = q.Digest
	}
	unpinned := !moved && q.Digest == "" && selected.Reason == policy.StayNewest
	if q.Pin != PinDigest || !moved && !unpinned {
		return resolution, nil
	}
	digest, err := r.digest(ctx, q, selected.Tag, credential)
	switch {
	case moved && notFound(err):
		return resolution, err
	case digest == "" || notFound(err):
		kept := stay(q, StayNoDigest)
		kept.Err = err
		return kept, nil
	}
	resolution.Digest, resolution.Stale, resolution.Err = digest, err != nil, err
	if unpinned {
		resolution.Reason = PinnedDigest
	}
	return resolution, nil
}

func notFound(err error) bool {
	failed, ok := errors.AsType[*registry.Error](err)
	return ok && failed.Kind == registry.NotFound
}

// stay is the base.
func stay(q *Query, reason policy.Reason) Resolution {
	return Resolution{Tag: q.Tag, Digest: q.Digest, Reason: reason}
}

func unavailable(q *Query, err error) (Resolution, error) {
	failed := &Unavailable{Repository: q.Repository, Err: err}
	kept := stay(q, StayRegistryUnavailable)
	kept.Err = failed.Err
	return kept, failed
}
