package resolver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const (
	// maxDated is how many tags a policy that goes by date looks at, the
	// highest in natural order: the first look at each costs up to four
	// requests, of which Docker Hub counts two as pulls.
	maxDated = 50
	// datedFor is how long it is believed what a tag that is not asked for by
	// name points at. A build of the same digest is never asked about again.
	datedFor = 10 * time.Minute
	// maxDating is how many are looked at side by side.
	maxDating = 4
)

// build is one image that a tag points at, or that the workload runs.
type build struct {
	candidate
	// running: it is what the query starts from.
	running bool
	// created is when it was built; no clock that was wrong sets it to what is to come.
	created time.Time
	err     error // why it could not be read
}

// latest is the tag that was built last, for policies that go by date.
func (r *Resolver) latest(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	if !q.affords(seen.index.Len()) {
		return stayAtBase(q, StayTooCostly)
	}
	tags, whole := q.Policy.CandidatesUntil(q.ended, seen.index, q.Tag, q.Allow)
	if !whole {
		return stayAtBase(q, policy.StayOutOfTime)
	}
	var warning string
	if len(tags) > maxDated {
		warning = fmt.Sprintf("only the %d highest of %d tags were looked at; narrow them with filter", maxDated, len(tags))
		tags = tags[:maxDated]
	}
	tags = q.Policy.Prefer(tags, q.Tag) // which of equal dates wins
	builds := r.builds(ctx, q, tags, credential)
	now := r.options.Now() // one for all: dates that are cut to it are equal
	for i := range builds {
		builds[i].created = builds[i].image.Created
		if builds[i].created.After(now) {
			builds[i].created = now // a clock that was wrong must not win for ever
		}
	}
	chosen := r.newest(ctx, q, builds)
	if chosen.Warning == "" {
		chosen.Warning = warning
	}
	return chosen
}

// builds looks at what runs, at the tag that it came from, and at the tags.
func (r *Resolver) builds(ctx context.Context, q *Query, tags []string, credential Credential) []build {
	builds := make([]build, 0, len(tags)+2)
	of := func(tag, digest string, running bool) build {
		return build{candidate: candidate{kind: move, tag: tag, digest: digest, credential: credential}, running: running}
	}
	if q.Digest != "" {
		builds = append(builds, of(q.Tag, q.Digest, true))
	}
	builds = append(builds, of(q.Tag, "", q.Digest == ""))
	for _, tag := range tags {
		builds = append(builds, of(tag, "", false))
	}
	var group errgroup.Group
	group.SetLimit(maxDating)
	for i := range builds {
		group.Go(func() error {
			r.date(ctx, q, &builds[i])
			return nil
		})
	}
	_ = group.Wait() // no function of it returns an error
	return builds
}

// date reads a build's digest, where that is not known, and its image.
func (r *Resolver) date(ctx context.Context, q *Query, b *build) {
	asked := *q
	freshFor := r.options.FreshFor
	if b.tag != q.Tag && !slices.Contains(q.Want, b.tag) {
		asked.WantDigest = "" // which is another tag's
		freshFor = max(freshFor, datedFor)
	}
	if b.digest == "" {
		// Not read ahead: many of these tags lead to images that are known by others.
		digest, err := r.digest(ctx, &asked, b.tag, b.credential, digestAlone, freshFor)
		if digest == "" || notFound(err) {
			b.err = err
			return
		}
		b.digest = digest
	}
	b.image, b.err = r.image(ctx, q, b.digest, b.credential, true)
	b.read = costsBuildDate
}

// newest chooses among builds. What runs is first among equals; a build of no
// known date never wins over one that has a date. While some could not be read,
// what runs stays: the best of what is known would be a rollout for each.
func (r *Resolver) newest(ctx context.Context, q *Query, builds []build) Resolution {
	for i := range builds {
		if err := builds[i].err; err != nil && !aboutImage(err) {
			kept := stayAtBase(q, StayNoDate)
			kept.Err, kept.Warning = err, WarningNotAllDated
			return kept
		}
	}
	slices.SortStableFunc(builds, func(a, b build) int { return b.created.Compare(a.created) })
	var chosen *build
	var passed []Rejection
	var oldEnoughAt time.Time
	first := policy.StayNewest // the reason of the newest that a condition rejects
	dated, left := false, leftAt(q, builds)
	for i := range builds {
		b := &builds[i]
		dated = dated || !b.created.IsZero()
		b.beforeHeld = !b.created.After(left)
		rejected := r.judgeBuild(ctx, q, b)
		if chosen == nil && (b.running || rejected == nil) {
			chosen = b
			continue
		}
		text := "built " + b.created.UTC().Format(time.RFC3339)
		if rejected != nil {
			text = rejected.text
			if chosen == nil {
				oldEnoughAt = earlierOf(oldEnoughAt, rejected.oldEnoughAt)
				if first == policy.StayNewest && rejected.waits() {
					first = rejected.reason
				}
			}
		}
		if chosen == nil || b.tag != chosen.tag {
			passed = append(passed, Rejection{b.tag, text})
		}
	}
	answer := r.answerBuild(ctx, q, chosen, dated)
	answer.Passed, answer.OldEnoughAt = append(answer.Passed, passed...), earlierOf(answer.OldEnoughAt, oldEnoughAt)
	if answer.Reason == policy.StayNewest {
		answer.Reason = first
	}
	return answer
}

// judgeBuild is why a build cannot be chosen; nil where it can. What runs is asked for
// its date alone, under any tag. The reason is empty where no condition rejects it.
func (r *Resolver) judgeBuild(ctx context.Context, q *Query, b *build) *rejection {
	switch {
	case b.err != nil:
		return &rejection{text: unreadableImage(b.err).text}
	case b.created.IsZero():
		return &rejection{text: "no usable build date"}
	case b.running || b.digest == q.Digest:
		return nil
	}
	return r.judge(ctx, q, &b.candidate)
}

// leftAt is when the build was made that is held: what is older is held with it.
// The zero time where it is not among the builds.
func leftAt(q *Query, builds []build) time.Time {
	var left time.Time
	for i := range builds {
		b := &builds[i]
		if !b.running && q.holds(b.tag, b.digest) && b.created.After(left) {
			left = b.created
		}
	}
	return left
}

// aboutImage reports a failure that says something about the image itself.
func aboutImage(err error) bool {
	switch registry.KindOf(err) {
	case registry.NotFound, registry.NotAnImage, registry.BadAnswer, registry.TooLarge:
		return true
	default:
		return false
	}
}

// answerBuild turns the chosen build into the answer.
func (r *Resolver) answerBuild(ctx context.Context, q *Query, chosen *build, dated bool) Resolution {
	switch {
	case !dated:
		return stayAtBase(q, policy.StayNoDate)
	case chosen == nil || chosen.running && (q.Digest != "" || !q.Pin.writesDigest() || chosen.digest == ""):
		return stayAtBase(q, policy.StayNewest)
	case chosen.running:
		chosen.kind = pin
		if rejected := r.judge(ctx, q, &chosen.candidate); rejected != nil {
			return stayFor(q, &chosen.candidate, rejected)
		}
		return Resolution{Tag: q.Tag, Digest: chosen.digest, Reason: PinnedBuild}
	case !q.Pin.writesDigest() && chosen.tag == q.Tag:
		return stayAtBase(q, policy.StayNewest)
	}
	answer := Resolution{Tag: chosen.tag, Reason: policy.BuiltLater}
	if q.needsDigest() {
		answer.Digest = chosen.digest
	}
	return answer
}
