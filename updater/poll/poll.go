package poll

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
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Poll reads one repository, and hands on the workloads whose answer changed. One
// bad workload never stops the others; the error is the registry's.
func (p *Poller) Poll(ctx context.Context, repository string) error {
	ctx, span := p.Tracer.Start(ctx, "poll", trace.WithAttributes(attribute.String("garboard.image.repository", repository)))
	defer span.End()
	err := p.read(ctx, repository)
	if err != nil {
		span.SetStatus(codes.Error, "") // the error may quote a registry
	}
	return err
}

func (p *Poller) read(ctx context.Context, repository string) error {
	round := &round{repository: repository, since: p.Clock.Now()}
	round.pushed = p.takePushed(repository)
	users := p.tracker.dueUsers(repository, round.since)
	if round.all = p.takePollAt(repository, round.since) || !round.pushed.IsZero(); round.all {
		users = p.tracker.usersOf(repository)
	}
	failure := p.evaluateAll(ctx, round, users)
	if ctx.Err() != nil && !errors.Is(round.ended, errNoPlace) {
		return ctx.Err()
	}
	if round.ended != nil {
		p.leaveRest(repository, round.rest)
		failure = round.ended
	}
	p.Report.Polled(ctx, repository, failure)
	if !round.pushed.IsZero() && !round.moves {
		p.pollAt(repository, round.since.Add(lookAgainAfter))
	}
	if failure == nil {
		return nil
	}
	if round.ended == nil && round.answered && retryAfter(failure) == 0 {
		// One workload's credential or image is no reason to poll less for the
		// others.
		if round.all {
			p.pollAt(repository, p.Clock.Now().Add(maxBackoff)) // for those who have no other poll
		}
		return nil
	}
	if round.all {
		p.pollAt(repository, round.since)
	}
	return failure
}

// evaluateAll evaluates the workloads of a round: first those that the last poll has left.
// The error is the registry's.
func (p *Poller) evaluateAll(ctx context.Context, r *round, users []watched.Key) error {
	left := p.takeRest(r.repository)
	users, r.rest.container = left.before(users), left.container
	var failure error
	for i, key := range users {
		p.mark(r.repository, p.Clock.Now())
		if p.stands(r, key) {
			continue
		}
		user := p.tracker.userOf(r.repository, key)
		object := watched.Empty(key.GVK())
		if err := p.Workloads.Cache.Get(ctx, key.NamespacedName, object); err != nil {
			if !apierrors.IsNotFound(err) {
				log.FromContext(ctx).Error(err, "reading workload", "workload", key)
			}
			continue
		}
		if err := p.evaluate(ctx, r, user, key, object); err != nil {
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
func (r *round) ends(ctx context.Context, now time.Time, container string) bool {
	switch {
	case ctx.Err() != nil:
		r.ended = context.Cause(ctx)
	case now.Sub(r.since) >= maxPoll:
		r.ended = errPollTooLong
	default:
		return false
	}
	r.rest.container = container
	return true
}

// lookAgainAfter is when a repository is read once more that a registry told of and
// where nothing was found: some tell of a tag before they list it.
const lookAgainAfter = 10 * time.Second

// round is one poll: the registry is asked once with each credential for the
// list, and once for the digest of each tag that a workload follows, however many
// workloads there are.
type round struct {
	repository string
	since      time.Time
	// pushed is when the registry told of a change; zero if it did not.
	pushed time.Time
	// moves: there is something newer for a workload.
	moves bool
	// all: it is the turn of those, too, who are not polled now, or at all.
	all bool
	// answered: the registry gave what was asked for with one credential at least.
	answered bool
	// read are the lists that the registry gave in this round.
	read map[basis]bool
	// ended is why the round ended before its time, rest what it has not looked at. Until
	// then rest says where the last round ended in the workload that is looked at.
	ended error
	rest  rest
}

// query asks for the newest image that a container may run.
func (r *round) query(c watched.Container) resolver.Query {
	q := c.Rule.Query(c.Reference.Repository, c.Running.Tag, c.Running.Digest, c.Reference.Digest != "")
	q.Since, q.MinAge, q.TellOthers = r.since, c.Rule.MinAge, true
	q.Mounted = c.Slot.Type == workload.ImageVolume
	return q
}

// retryAfter is when a registry wants to be asked again, if it said so.
func retryAfter(err error) time.Duration {
	var limited *registry.Error
	if errors.As(err, &limited) {
		return limited.RetryAfter
	}
	return 0
}
