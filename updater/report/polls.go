package report

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/watched"
)

// PollBegan tells how much later than planned a poll began.
func (r *Reporter) PollBegan(lag time.Duration) {
	r.options.Metrics.pollLag.Observe(max(lag.Seconds(), 0))
}

// Polled tells that a repository was read, or why it could not be.
func (r *Reporter) Polled(ctx context.Context, repository string, err error) {
	r.options.Metrics.poll(err)
	if err != nil {
		log.FromContext(ctx).Info("poll failed", "repository", repository, "error", err.Error())
	}
}

// Following tells how many repositories are polled.
func (r *Reporter) Following(repositories int) {
	r.options.Metrics.repositories.Set(float64(repositories))
}

// Checked tells when a container was looked at, and what the registry was asked with.
func (r *Reporter) Checked(key watched.Key, container string, at time.Time, asked *resolver.Asked) {
	r.standings.note(key, container, func(s *Standing) { s.Checked, s.Asked = at, asked })
}

// CheckedAll tells when all containers of a workload were looked at that use a repository.
func (r *Reporter) CheckedAll(key watched.Key, repository string, at time.Time) {
	r.standings.noteAll(key, func(s *Standing) {
		if s.Repository == repository {
			s.Checked = at
		}
	})
}

// Date tells when what a container runs, the newest version, and what a poll has found were
// built, by a function that answers from memory; the zero time is not known.
func (r *Reporter) Date(key watched.Key, container string, found record.Result, built func(version string) time.Time) {
	var running, newest string
	r.standings.note(key, container, func(s *Standing) { running, newest = s.Running, s.Newest })
	if running == "" {
		return
	}
	at := map[string]time.Time{}
	for _, version := range []string{running, newest, found.String()} {
		at[version] = built(version)
	}
	r.standings.note(key, container, func(s *Standing) {
		s.expected = dated{found.String(), at[found.String()]}
		if s.Running == running && s.Newest == newest { // neither has changed meanwhile
			s.RunningBuilt, s.NewestBuilt = at[running], at[newest]
		}
	})
}

// Unavailable tells that the registry of a container did not answer.
func (r *Reporter) Unavailable(about About, slot workload.Slot, err error) {
	why := resolver.Summary(err)
	r.told.once(about.Object.GetUID(), slot.Key(), "unavailable", func() {
		r.sayOf(about.Object, slot.Key(), eventWarning, ReasonUnavailable, "%s: %s: %s", slot.Key(), slot.Image, why)
	})
	r.standings.note(about.Key, slot.Key(), func(s *Standing) {
		s.State, s.Reason, s.Message = StateUnknown, ReasonUnavailable, why
	})
}

// Stayed tells once why a container does not move, unless it is where it should be.
func (r *Reporter) Stayed(about About, slot workload.Slot, answer resolver.Resolution) {
	o := about.Object
	r.standings.note(about.Key, slot.Key(), func(s *Standing) { s.stay(answer) })
	if answer.Warning == "" && (answer.Reason == policy.StayNewest || answer.Reason == policy.StayNever) {
		r.told.clear(o.GetUID(), slot.Key())
		return
	}
	r.told.once(o.GetUID(), slot.Key(), string(answer.Reason)+answer.Warning+answer.Preferred(), func() {
		text, reason := answer.Why(), ReasonStayed
		if answer.Warning != "" {
			text = answer.Warning
		}
		if answer.Reason == resolver.StayHeld {
			reason = ReasonHeld
		}
		r.sayOf(o, slot.Key(), eventNormal, reason, "%s: %s stays: %s", slot.Key(), slot.Image, text)
	})
}

// stayReasons are the reasons to stay although there is something newer.
var stayReasons = map[policy.Reason]string{
	resolver.StayHeld: WaitHeld, resolver.StayNoPlatform: WaitPlatform, resolver.StayTooYoung: WaitTooYoung, resolver.StayNotSoaked: WaitUpstream,
}

// stay takes the resolution of a container that does not move.
func (s *Standing) stay(r resolver.Resolution) {
	newest := record.Result{Tag: r.Tag, Digest: r.Digest}.String()
	if len(r.Passed) > 0 && stayReasons[r.Reason] != "" {
		newest = r.Passed[0].Tag
	}
	s.finds(newest)
	if reason, waiting := stayReasons[r.Reason]; waiting {
		s.State, s.Reason, s.Message, s.Opens = StatePending, reason, r.Why(), r.OldEnoughAt
		return
	}
	if s.State != StateRolling && s.State != StateFailed {
		s.State = StateCurrent
	}
	if s.State == StateCurrent {
		s.Reason, s.Message = "", ""
		if r.Reason != policy.StayNewest {
			s.Reason, s.Message = string(r.Reason), r.Why()
		}
		if r.Warning != "" {
			s.Message = r.Warning
		}
	}
}

// Held tells of holds that are new: admission, which makes them, tells the writer alone.
func (r *Reporter) Held(stored *unstructured.Unstructured, before, after *workload.Object) {
	if after.HoldText() == "" {
		return
	}
	former, now := record.HoldsOf(before), record.HoldsOf(after)
	for _, slot := range after.Slots() {
		if held, ok := now[slot.Key()]; ok && held != former[slot.Key()] {
			r.sayOf(stored, slot.Key(), eventNormal, ReasonHeld, "%s: %s stays: %s is held", slot.Key(), slot.Image, held)
		}
	}
}
