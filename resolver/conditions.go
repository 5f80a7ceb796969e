package resolver

import (
	"context"
	"slices"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// condition is what a candidate must pass besides the policy. The walks
// over candidates ask all of them by judge, and know none of them.
type condition interface {
	// cost is what must be read of a candidate before judge can tell.
	cost(q *Query, k kind) cost
	// judge returns why the candidate cannot be the answer; nil where it passes.
	judge(ctx context.Context, q *Query, c *candidate) *rejection
	// reason is the one to stay where no candidate passes.
	reason() policy.Reason
}

// newConditions are those of every Resolver, in the order in which they are asked:
// what costs least comes first. A new one is a line here and a file of its own.
func newConditions(o *Options) []condition {
	return []condition{
		holdCondition{},
		soakCondition{},
		soakDigestCondition{},
		platformCondition{},
		ageCondition{now: o.Now},
	}
}

// cost is what a condition needs of a candidate. Each includes those before it.
type cost int

const (
	notAsked       cost = iota // the query does not ask for the condition
	costsNothing               // the tag alone
	costsDigest                // what the tag points at
	costsImage                 // what the digest stands for
	costsBuildDate             // and when it was built, which may take more requests
)

// kind is what the answer would do with a candidate.
type kind int

const (
	// move: to another tag, or to another image under a policy that goes by those.
	move kind = iota
	// rebuild: the base's tag stays, and another image is behind it.
	rebuild
	// pin: the base stays, and gets the digest that it was written without. It may
	// be what runs.
	pin
)

// candidate is an image that may become the answer, as far as it was read.
type candidate struct {
	kind       kind
	tag        string
	credential Credential

	digest string // "" until it is read
	old    error  // why the digest may be an old one
	image  datedImage
	read   cost // what of it was read

	// beforeHeld: the policy goes by date, and this was not built after the image
	// that is held.
	beforeHeld bool
}

// judge asks each condition, and reads before what that costs. Nil is a candidate
// that passes all of them.
func (r *Resolver) judge(ctx context.Context, q *Query, c *candidate) *rejection {
	for _, each := range r.conditions {
		needs := each.cost(q, c.kind)
		if needs == notAsked {
			continue
		}
		if failed := r.read(ctx, q, c, needs); failed != nil {
			if failed.fatal() && needs >= costsImage {
				failed.reason = each.reason()
			}
			return failed
		}
		if rejected := each.judge(ctx, q, c); rejected != nil {
			rejected.reason = each.reason()
			return rejected
		}
	}
	return nil
}

// judgeTag asks the conditions that need nothing but the tag.
func (r *Resolver) judgeTag(ctx context.Context, q *Query, tag string) *rejection {
	for _, each := range r.conditions {
		if each.cost(q, move) != costsNothing {
			continue
		}
		if rejected := each.judge(ctx, q, &candidate{kind: move, tag: tag}); rejected != nil {
			rejected.reason = each.reason()
			return rejected
		}
	}
	return nil
}

// judgesTags reports whether the query asks for a condition that needs nothing but
// the tag.
func (r *Resolver) judgesTags(q *Query) bool {
	for _, each := range r.conditions {
		if each.cost(q, move) == costsNothing {
			return true
		}
	}
	return false
}

// costs is the most that a condition needs of a candidate of a kind.
func (r *Resolver) costs(q *Query, k kind) cost {
	most := notAsked
	for _, each := range r.conditions {
		most = max(most, each.cost(q, k))
	}
	return most
}

// read reads of a candidate what a condition needs. Where a later one needs the build
// date, an image is read with it at once.
func (r *Resolver) read(ctx context.Context, q *Query, c *candidate, needs cost) *rejection {
	if needs <= c.read {
		return nil
	}
	if needs >= costsDigest && c.digest == "" {
		ahead := digestAlone
		if needs >= costsImage {
			ahead = r.readsAhead(q, c.kind)
		}
		if failed := r.readDigest(ctx, q, c, ahead); failed != nil {
			return failed
		}
	}
	if needs >= costsImage {
		needs = r.costs(q, c.kind)
		image, err := r.image(ctx, q, c.digest, c.credential, needs == costsBuildDate)
		switch {
		case err == nil:
			image.Platforms = append(slices.Clip(image.Platforms), r.lackedByBase(ctx, q, c, image)...)
		case r.comesAfterArtefact(ctx, q, c, err):
			image.Platforms = []Platform{{}} // it is for any
		default:
			return unreadableImage(err)
		}
		c.image = image
	}
	c.read = needs
	return nil
}

// comesAfterArtefact reports whether a candidate that could not be read as an image is an
// artefact to mount, as the base is. Where the base is an image, what follows has to be one:
// not every container runtime mounts another.
func (r *Resolver) comesAfterArtefact(ctx context.Context, q *Query, c *candidate, err error) bool {
	if !q.Mounted || registry.KindOf(err) != registry.NotAnImage {
		return false
	}
	_, known, err := r.base(ctx, q, c)
	return known && registry.KindOf(err) == registry.NotAnImage
}

// lackedByBase returns the platforms of a query for which neither a candidate that is mounted
// nor the base was built. Container runtimes check the platforms of an index alone, so that
// data that was built on one machine is mounted on all.
func (r *Resolver) lackedByBase(ctx context.Context, q *Query, c *candidate, image datedImage) []Platform {
	if !q.Mounted {
		return nil
	}
	lacked := slices.DeleteFunc(slices.Clone(q.Platforms), image.Runs)
	if len(lacked) == 0 {
		return nil
	}
	base, known, err := r.base(ctx, q, c)
	if !known || err != nil {
		return nil
	}
	return slices.DeleteFunc(lacked, base.Runs)
}

// base reads the image that a candidate comes after. known is false where its digest is not.
func (r *Resolver) base(ctx context.Context, q *Query, c *candidate) (image datedImage, known bool, err error) {
	base := *q
	base.WantDigest = "" // which may be another tag's
	if base.Digest == "" {
		base.Digest, _ = r.digest(ctx, &base, q.Tag, c.credential, digestAlone, r.options.FreshFor)
	}
	if base.Digest == "" {
		return datedImage{}, false, nil
	}
	image, err = r.image(ctx, &base, base.Digest, c.credential, false)
	return image, true, err
}

// readDigest reads what a candidate's tag points at.
func (r *Resolver) readDigest(ctx context.Context, q *Query, c *candidate, ahead readAhead) *rejection {
	digest, err := r.digest(ctx, q, c.tag, c.credential, ahead, r.options.FreshFor)
	switch {
	case notFound(err):
		return &rejection{reason: StayNoDigest, text: textMissing, err: err}
	case digest == "":
		return &rejection{reason: StayNoDigest, text: Text(StayNoDigest), err: err}
	}
	c.digest, c.old = digest, err
	return nil
}

// allowed narrows the candidates by the query's own rule, by the conditions that need
// nothing but the tag, and by those that were tried without success. Nil allows all.
func (r *Resolver) allowed(ctx context.Context, q *Query, tried map[string]bool) func(tag string) bool {
	if len(tried) == 0 && !r.judgesTags(q) {
		return q.Allow
	}
	return func(tag string) bool {
		return q.allows(tried, tag) && r.judgeTag(ctx, q, tag) == nil
	}
}

// allows is true for a tag that was not tried and that the query's own rule allows.
func (q *Query) allows(tried map[string]bool, tag string) bool {
	return !tried[tag] && (q.Allow == nil || q.Allow(tag))
}
