package report

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Rolling tells that a rollout goes on that another replica began.
func (r *Reporter) Rolling(key watched.Key, changes []Change) {
	r.noteChanges(key, changes, func(s *Standing) { s.State, s.Reason, s.Message = StateRolling, "", "" })
}

// FailedBefore notes a rollout that failed long ago: it is not notified again.
func (r *Reporter) FailedBefore(key watched.Key, changes []Change, why string) {
	r.noteChanges(key, changes, func(s *Standing) { s.State, s.Reason, s.Message = StateFailed, ReasonRolloutFailed, why })
}

// Settled tells of a rollout that goes on when a person, or a schedule, says so. If the
// workload has no Pods, none of them runs anything else.
func (r *Reporter) Settled(key watched.Key, changes []Change, why string, hasPods bool) {
	r.noteChanges(key, changes, func(s *Standing) {
		if s.State != StateRolling {
			return
		}
		if s.Message = why; !hasPods {
			s.resetState()
		}
	})
}

// Succeeded tells of a rollout whose Pods are healthy; silent changes the standing
// alone.
func (r *Reporter) Succeeded(about About, found *rollout.Rollout, why string, silent bool) {
	r.noteChanges(about.Key, found.Changes, func(s *Standing) { s.State, s.Reason, s.Message = StateCurrent, "", "" })
	if why != "" { // it is not watched further
		r.Learn(about.Key)
	}
	if silent {
		return
	}
	text := textOf(found.Changes)
	if why != "" {
		text += ": " + why
	}
	r.options.Metrics.rollout(rolloutSucceeded)
	r.say(about.Object, eventNormal, ReasonSucceeded, "%s", text)
	r.notify(about, LevelSuccess, ReasonSucceeded, "rolled out: "+text, found.Changes)
}

// Failed tells of a rollout that failed.
func (r *Reporter) Failed(ctx context.Context, about About, changes []Change, why string) {
	r.options.Metrics.rollout(rolloutFailed)
	r.FailedBefore(about.Key, changes, why)
	text := fmt.Sprintf("%s: %s", textOf(changes), why)
	r.say(about.Object, eventWarning, ReasonRolloutFailed, "%s", text)
	r.notify(about, LevelError, ReasonRolloutFailed, "failed: "+text, changes)
	loggerOf(ctx, about.Key).Info("rollout failed", "images", textOf(changes), "why", why)
}

// Abandoned tells of a rollout that is watched no more, and was not judged.
func (r *Reporter) Abandoned(key watched.Key) {
	r.standings.noteAll(key, func(s *Standing) {
		if s.State == StateRolling {
			s.resetState()
		}
	})
}

// Recovered tells of a workload that got well after it had failed, if it had.
func (r *Reporter) Recovered(key watched.Key) {
	r.standings.noteAll(key, func(s *Standing) {
		if s.State == StateFailed {
			s.State, s.Reason, s.Message = StateCurrent, "", ""
		}
	})
}

// TakenBack tells of a rollout that was taken back.
func (r *Reporter) TakenBack(ctx context.Context, about About, back []Change) {
	r.told.clear(about.Object.GetUID(), "")
	r.options.Metrics.rollout(rolloutRolledBack)
	r.say(about.Object, eventWarning, ReasonRolledBack, "%s, and held", textOf(back))
	r.notify(about, LevelError, ReasonRolledBack, "taken back: "+textOf(back), back)
	loggerOf(ctx, about.Key).Info("rolled back", "images", textOf(back))
}

// NotTakenBack tells once why a rollout is not taken back.
func (r *Reporter) NotTakenBack(ctx context.Context, about About, failed *rollout.Rollout, err error) {
	why := explainError(err)
	loggerOf(ctx, about.Key).Info("taking back failed", "error", why)
	r.told.once(failed.UID, "", "taking back", func() {
		r.say(about.Object, eventWarning, ReasonNotRolledBack, "not taken back: %s", why)
		r.notify(about, LevelError, ReasonNotRolledBack, "not taken back: "+why, failed.Changes)
	})
}

// LeftAlone tells of a rollout whose taking back is no longer asked for.
func (r *Reporter) LeftAlone(ctx context.Context, key watched.Key, err error) {
	loggerOf(ctx, key).Info("not taken back", "error", err.Error())
}

// noteChanges changes the standings of the containers of a rollout.
func (r *Reporter) noteChanges(key watched.Key, changes []Change, change func(*Standing)) {
	for _, c := range changes {
		r.standings.note(key, c.Container, change)
	}
}

func loggerOf(ctx context.Context, key watched.Key) logr.Logger {
	return log.FromContext(ctx).WithValues("kind", key.GVK().Kind, "namespace", key.Namespace, "workload", key.Name)
}
