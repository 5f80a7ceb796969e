package updater

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/updater/watched"
)

// poll reads one repository, and hands on the workloads whose answer changed. One
// bad workload never stops the others; the error is the registry's.
func (u *Updater) poll(ctx context.Context, repository string) error {
	ctx, span := u.Tracer.Start(ctx, "poll", trace.WithAttributes(attribute.String("garboard.image.repository", repository)))
	defer span.End()
	err := u.read(ctx, repository)
	if err != nil {
		span.SetStatus(codes.Error, "") // the error may quote a registry
	}
	return err
}

func (u *Updater) read(ctx context.Context, repository string) error {
	round := &round{repository: repository, since: u.Clock.Now()}
	round.received, round.pushed = u.takePushed(repository)
	users := u.tracker.dueUsers(repository, round.since)
	if round.all = u.takeRipe(repository, round.since) || round.pushed; round.all {
		users = u.tracker.usersOf(repository)
	}
	failure := u.checkAll(ctx, round, users)
	if ctx.Err() != nil && !errors.Is(round.ended, errNoPlace) {
		return ctx.Err()
	}
	if round.ended != nil {
		u.leaveRest(repository, round.rest)
		failure = round.ended
	}
	u.report.Polled(ctx, repository, failure)
	if round.pushed && !round.moves {
		u.ripens(repository, round.since.Add(lookAgainAfter))
	}
	if failure == nil {
		return nil
	}
	if round.ended == nil && round.answered && retryAfter(failure) == 0 {
		// One workload's credential or image is no reason to poll less for the
		// others.
		if round.all {
			u.ripens(repository, u.Clock.Now().Add(maxBackoff)) // for those who have no other poll
		}
		return nil
	}
	if round.all {
		u.ripens(repository, round.since)
	}
	return failure
}

// checkAll checks the workloads of a round: first those that the last poll has left.
// The error is the registry's.
func (u *Updater) checkAll(ctx context.Context, r *round, users []watched.Key) error {
	left := u.takeRest(r.repository)
	users, r.rest.container = left.before(users), left.container
	var failure error
	for i, key := range users {
		u.mark(r.repository, u.Clock.Now())
		object := watched.Empty(key.GVK())
		if err := u.Cache.Get(ctx, key.NamespacedName, object); err != nil {
			if !apierrors.IsNotFound(err) {
				log.FromContext(ctx).Error(err, "reading workload", "workload", key)
			}
			continue
		}
		if err := u.check(ctx, r, key, object); err != nil {
			failure = err
		}
		if r.ended != nil {
			r.rest.users = users[i:]
			break
		}
		r.rest.container = ""
	}
	return failure
}

// ends reports whether a round ends before its time, at a container.
func (r *round) ends(ctx context.Context, now time.Time, slot workload.Slot) bool {
	switch {
	case ctx.Err() != nil:
		r.ended = context.Cause(ctx)
	case now.Sub(r.since) >= maxPoll:
		r.ended = errPollTooLong
	default:
		return false
	}
	r.rest.container = slot.Key()
	return true
}

// lookAgainAfter is when a repository is read once more that a registry told of and
// where nothing was found: some tell of a tag before they list it.
const lookAgainAfter = 10 * time.Second

// round is one poll: the registry is asked once with each credential for the
// list, and once for the digest of each tag that somebody follows, however many
// workloads there are.
type round struct {
	repository string
	since      time.Time
	// pushed: the registry told of a change, which was received then.
	pushed   bool
	received time.Time
	// moves: somebody has something newer.
	moves bool
	// all: it is the turn of those, too, who are not polled now, or at all.
	all bool
	// answered: the registry gave somebody what was asked for.
	answered bool
	// ended is why the round ended before its time, rest what it has not looked at. Until
	// then rest says where the last round ended in the workload that is looked at.
	ended error
	rest  rest
}

func (u *Updater) resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return u.Resolver.Resolve(ctx, q)
}

// governed reads the image of a container. It is not ok where no policy moves it: for a
// bare digest that is a person's.
func governed(image string, rule settings.Rule, recorded record.Result) (reference resolver.Reference, ok bool) {
	reference, err := resolver.ParseReference(image)
	if err != nil || !rule.Governed() {
		return reference, false
	}
	reference = record.WithRecordedTag(reference, recorded)
	return reference, reference.Tag != "" || reference.Digest == ""
}

// runs is what a container runs. An image that should have its digest and has none lost
// it past admission: what the record says of that is no answer.
func runs(reference resolver.Reference, recorded record.Result, rule settings.Rule) record.Result {
	if rule.Pins(false) {
		recorded.Digest = ""
	}
	return record.Running(reference, recorded)
}

func (r *round) query(rule settings.Rule, running record.Result, submittedDigest bool) resolver.Query {
	q := resolver.Query{
		Repository: r.repository, Tag: running.Tag, Digest: running.Digest,
		Policy: rule.Policy, Pin: resolver.PinTag, Want: []string{running.Tag},
		Since: r.since, Platforms: rule.Platforms, MinAge: rule.MinAge, Hold: resolver.Hold(rule.Hold),
		TellOthers: true,
	}
	if rule.Pins(submittedDigest) {
		q.Pin = resolver.PinDigest
	}
	if rule.Follows() {
		q.Pin = resolver.PinFollow
	}
	return q
}

// moved reports whether admission would answer anything but what runs.
func moved(running record.Result, r resolver.Resolution) bool {
	return r.Tag != running.Tag || r.Digest != "" && r.Digest != running.Digest
}

// retryAfter is when a registry wants to be asked again, if it said so.
func retryAfter(err error) time.Duration {
	var limited *registry.Error
	if errors.As(err, &limited) {
		return limited.RetryAfter
	}
	return 0
}
