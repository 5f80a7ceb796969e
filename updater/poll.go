package updater

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/keelson-dev/keelson/internal/workload"
	"github.com/keelson-dev/keelson/resolver"
	"github.com/keelson-dev/keelson/resolver/policy"
	"github.com/keelson-dev/keelson/resolver/registry"
)

// poll reads one repository and bumps the workloads whose answer changed. One
// bad workload never stops the others; the error is the registry's.
func (u *Updater) poll(ctx context.Context, repository string) error {
	round := &round{repository: repository, since: u.Clock.Now()}
	_, round.pushed = u.takePushed(repository)
	var failure error
	for _, key := range u.tracker.usersOf(repository) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		u.mark(repository, u.Clock.Now())
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(key.kind)
		if err := u.Cache.Get(ctx, key.NamespacedName, object); err != nil {
			if !apierrors.IsNotFound(err) {
				log.FromContext(ctx).Error(err, "reading workload", "workload", key)
			}
			continue
		}
		if err := u.check(ctx, round, object); err != nil {
			failure = err
		}
	}
	u.Metrics.poll(failure)
	if failure == nil {
		return nil
	}
	log.FromContext(ctx).Info("polled", "repository", repository, "failed", failure.Error())
	if round.answered && retryAfter(failure) == 0 {
		// One workload's credential or image is no reason to poll less for the
		// others.
		return nil
	}
	return failure
}

// round is one poll: the registry is asked once with each credential for the
// list, and once for the digest of each tag that somebody follows, however many
// workloads there are.
type round struct {
	repository string
	since      time.Time
	// pushed: the registry told of a change.
	pushed bool
	// answered: the registry gave somebody what was asked for.
	answered bool
}

// check decides about the containers of one workload that use the round's
// repository, and bumps it where they move.
func (u *Updater) check(ctx context.Context, r *round, o *unstructured.Unstructured) error {
	object, ok := u.Kinds.FromMap(o.Object)
	if !ok {
		return nil
	}
	namespace, err := u.namespace(ctx, o.GetNamespace())
	if err != nil || !namespace.Enabled() || object.Deleting() {
		return nil //nolint:nilerr // a namespace that is gone takes its workloads along
	}
	object = u.withRelease(ctx, object)
	settings, record := workload.ReadSettings(object, namespace), object.Record()
	targets := workload.Record{}
	placed := sync.OnceValue(func() []resolver.Platform { return u.Placement.Required(ctx, object) })
	var failure error
	for _, slot := range object.Slots() {
		rule := settings.Rule(slot)
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil || !rule.Governed() || rule.Trigger == workload.TriggerPush && !r.pushed ||
			reference.Repository != r.repository || reference.Tag == "" && reference.Digest != "" {
			continue
		}
		running := runs(reference, record[slot.Key()], rule)
		query := r.query(rule, running, reference.Digest != "")
		if query.Platforms == nil && u.Placement != nil {
			query.Platforms = placed()
		}
		if u.Credentials != nil {
			query.Credentials = u.Credentials.Of(o.GetNamespace(), object, rule)
		}
		resolution, err := u.resolve(ctx, query)
		switch {
		case err != nil:
			failure = err
			u.said.once(o.GetUID(), slot.Key(), "unavailable", func() { u.failed(o, slot, err) })
		case moved(running, resolution):
			targets[slot.Key()] = workload.Result{Tag: resolution.Tag, Digest: resolution.Digest}
		default:
			u.stay(o, slot, resolution)
		}
		// A tag that does not exist is its workload's fault, and no reason to
		// poll the repository less for all others.
		if resolution.Err != nil && resolution.Reason != resolver.StayNotInList {
			failure = resolution.Err
		}
		r.answered = r.answered || err == nil && resolution.Err == nil && query.ReadsRegistry()
	}
	if len(targets) > 0 {
		u.bump(ctx, o, object.Kind, targets)
	}
	return failure
}

func (u *Updater) resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return u.Resolver.Resolve(ctx, q)
}

// runs is the image a container runs, with the digest that its record has of
// it where the image is written without.
func runs(reference resolver.Reference, recorded workload.Result, rule workload.Rule) workload.Result {
	running := workload.Result{Tag: reference.TagOrLatest(), Digest: reference.Digest}
	// An image that should have its digest and has none lost it past admission.
	if running.Digest == "" && recorded.Tag == running.Tag && !rule.Pins(false) {
		running.Digest = recorded.Digest
	}
	return running
}

func (r *round) query(rule workload.Rule, running workload.Result, submittedDigest bool) resolver.Query {
	q := resolver.Query{
		Repository: r.repository, Tag: running.Tag, Digest: running.Digest,
		Policy: rule.Policy, Pin: resolver.PinTag, Want: []string{running.Tag},
		Since: r.since, Platforms: rule.Platforms, Hold: resolver.Hold(rule.Hold),
	}
	if rule.Pins(submittedDigest) {
		q.Pin = resolver.PinDigest
	}
	return q
}

// moved reports whether admission would answer anything but what runs.
func moved(running workload.Result, r resolver.Resolution) bool {
	return r.Tag != running.Tag || r.Digest != "" && r.Digest != running.Digest
}

// stay tells once why a workload does not move, unless it is where it should
// be.
func (u *Updater) stay(o *unstructured.Unstructured, slot workload.Slot, r resolver.Resolution) {
	if r.Warning == "" && (r.Reason == policy.StayNewest || r.Reason == policy.StayNever) {
		u.said.clear(o.GetUID(), slot.Key())
		return
	}
	u.said.once(o.GetUID(), slot.Key(), string(r.Reason)+r.Warning+r.Preferred(), func() { u.stayed(o, slot, r) })
}

// retryAfter is when a registry wants to be asked again, if it said so.
func retryAfter(err error) time.Duration {
	var limited *registry.Error
	if errors.As(err, &limited) {
		return limited.RetryAfter
	}
	return 0
}
