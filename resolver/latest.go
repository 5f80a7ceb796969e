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
	tag, digest string
	// running: it is what the query starts from.
	running bool
	image   registry.Image
	err     error
	// early is why it is not old enough; nil where it is.
	early *unfitError
}

// latest is the tag that was built last, for policies that go by date.
func (r *Resolver) latest(ctx context.Context, q *Query, seen *view, credential Credential) Resolution {
	if !q.affords(seen.index.Len()) {
		return stay(q, StayTooCostly)
	}
	tags, whole := q.Policy.CandidatesUntil(q.ended, seen.index, q.Tag, q.Allow)
	if !whole {
		return stay(q, policy.StayOutOfTime)
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
		if builds[i].image.Created.After(now) {
			builds[i].image.Created = now // a clock that was wrong must not win for ever
		}
	}
	chosen := newest(q, builds)
	if chosen.Warning == "" {
		chosen.Warning = warning
	}
	return chosen
}

// builds looks at what runs, at the tag that it came from, and at the tags.
func (r *Resolver) builds(ctx context.Context, q *Query, tags []string, credential Credential) []build {
	builds := make([]build, 0, len(tags)+2)
	if q.Digest != "" {
		builds = append(builds, build{tag: q.Tag, digest: q.Digest, running: true})
	}
	builds = append(builds, build{tag: q.Tag, running: q.Digest == ""})
	for _, tag := range tags {
		builds = append(builds, build{tag: tag})
	}
	var group errgroup.Group
	group.SetLimit(maxDating)
	for i := range builds {
		group.Go(func() error {
			r.date(ctx, q, &builds[i], credential)
			return nil
		})
	}
	_ = group.Wait() // no function of it returns an error
	return builds
}

// date reads a build's digest, where that is not known, and its image.
func (r *Resolver) date(ctx context.Context, q *Query, b *build, credential Credential) {
	asked := *q
	freshFor := r.options.FreshFor
	if b.tag != q.Tag && !slices.Contains(q.Want, b.tag) {
		asked.WantDigest = "" // which is another tag's
		freshFor = max(freshFor, datedFor)
	}
	if b.digest == "" {
		digest, err := r.digest(ctx, &asked, b.tag, credential, freshFor)
		if digest == "" || notFound(err) {
			b.err = err
			return
		}
		b.digest = digest
	}
	var seen sighting
	seen, b.err = r.image(ctx, q, b.digest, credential, true)
	b.image, b.early = seen.Image, r.young(q, seen)
}

// newest chooses among builds. What runs is first among equals; a build of no
// known date never wins over one that has a date. While some could not be read,
// what runs stays: the best of what is known would be a rollout for each.
func newest(q *Query, builds []build) Resolution {
	for _, b := range builds {
		if b.err != nil && !gone(b.err) {
			kept := stay(q, StayNoDate)
			kept.Err, kept.Warning = b.err, WarningNotAllDated
			return kept
		}
	}
	slices.SortStableFunc(builds, func(a, b build) int { return b.image.Created.Compare(a.image.Created) })
	var chosen *build
	var passed []Rejection
	dated, held, left := false, false, leftAt(q, builds)
	var ripens time.Time
	for i := range builds {
		b := &builds[i]
		dated = dated || !b.image.Created.IsZero()
		text := undatable(q, b)
		if text == "" && !b.running && b.digest != q.Digest && (q.holds(b.tag, b.digest) || !b.image.Created.After(left)) {
			held = held || chosen == nil
			text = textHeld
		}
		if text == "" && b.early != nil && !b.running && b.digest != q.Digest {
			text = b.early.text
			if chosen == nil {
				ripens = sooner(ripens, b.early.ripens)
			}
		}
		if chosen == nil && (b.running || text == "") {
			chosen = b
			continue
		}
		if text == "" {
			text = "built " + b.image.Created.UTC().Format(time.RFC3339)
		}
		if b.tag != chosen.tagOrNone() {
			passed = append(passed, Rejection{b.tag, text})
		}
	}
	answer := settled(q, chosen, dated)
	answer.Passed, answer.Ripens = append(answer.Passed, passed...), sooner(answer.Ripens, ripens)
	switch {
	case answer.Reason != policy.StayNewest:
	case !ripens.IsZero():
		answer.Reason = StayTooYoung
	case held:
		answer.Reason = StayHeld
	}
	return answer
}

// leftAt is when the build was made that is held: what is older is held with it.
// The zero time where it is not among the builds.
func leftAt(q *Query, builds []build) time.Time {
	var left time.Time
	for _, b := range builds {
		if !b.running && q.holds(b.tag, b.digest) && b.image.Created.After(left) {
			left = b.image.Created
		}
	}
	return left
}

func (b *build) tagOrNone() string {
	if b == nil {
		return ""
	}
	return b.tag
}

// gone reports a failure that says something about the image itself.
func gone(err error) bool {
	switch kindOf(err) {
	case registry.NotFound, registry.NotAnImage, registry.BadAnswer, registry.TooLarge:
		return true
	default:
		return false
	}
}

// undatable is why a build cannot be chosen by its date; "" where it can.
func undatable(q *Query, b *build) string {
	if b.err != nil {
		return unreadable(b.err).text
	}
	if b.image.Created.IsZero() {
		return "no usable build date"
	}
	if fault := lacking(q, b.image); fault != nil {
		return fault.text
	}
	return ""
}

// settled turns the chosen build into the answer.
func settled(q *Query, chosen *build, dated bool) Resolution {
	switch {
	case !dated:
		return stay(q, policy.StayNoDate)
	case chosen == nil || chosen.running && (q.Digest != "" || !q.Pin.writesDigest() || chosen.digest == ""):
		return stay(q, policy.StayNewest)
	case chosen.running && chosen.early != nil:
		kept := stay(q, StayTooYoung)
		kept.Ripens, kept.Passed = chosen.early.ripens, []Rejection{{chosen.tag, chosen.early.text}}
		return kept
	case chosen.running:
		return Resolution{Tag: q.Tag, Digest: chosen.digest, Reason: PinnedBuild}
	case !q.Pin.writesDigest() && chosen.tag == q.Tag:
		return stay(q, policy.StayNewest)
	}
	answer := Resolution{Tag: chosen.tag, Reason: policy.BuiltLater}
	if q.Pin.writesDigest() {
		answer.Digest = chosen.digest
	}
	return answer
}
