package report

import (
	"context"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Candidate is a newer image that a container may move to.
type Candidate struct {
	// Container is the slot's key; Image is what it runs.
	Container, Image string
	To               record.Result
	// ReleaseNotes is the address of what people read about new versions; empty for
	// none.
	ReleaseNotes string
	// Opens is when what keeps it back may end by itself; the zero time where something
	// else has to happen first.
	Opens time.Time
}

// Waits tells once why a move is not made yet. A place in the line is no news: it
// would be an Event for each of ten thousand workloads that go one after the other.
func (r *Reporter) Waits(about About, c Candidate, reason, message string) {
	r.wait(about.Key, []Candidate{c}, reason, message)
	if reason == WaitPace {
		return
	}
	r.told.once(about.Object.GetUID(), c.Container, reason+c.To.String(), func() {
		r.sayOf(about.Object, c.Container, eventNormal, ReasonWaiting, "%s: %s waits with %s: %s", c.Container, c.Image, c.To, message)
	})
}

// wait notes why moves are not made yet.
func (r *Reporter) wait(key watched.Key, candidates []Candidate, reason, message string) {
	for _, c := range candidates {
		r.standings.note(key, c.Container, func(s *Standing) {
			s.finds(c.To.String())
			s.State, s.Reason, s.Message, s.Opens = StatePending, reason, message, c.Opens
		})
	}
}

// Stopped tells of a workload that takes nothing new until its state changes.
func (r *Reporter) Stopped(about About, candidates []Candidate, why string) {
	r.options.Metrics.bumps.WithLabelValues(outcomeStopped).Inc()
	for _, c := range candidates {
		r.Waits(about, c, WaitStopped, why+": the new image is applied when that ends, or with the next apply")
	}
}

// Refused tells of a bump that the API server did not take.
func (r *Reporter) Refused(ctx context.Context, about About, candidates []Candidate, dry bool, err error) {
	o, why := about.Object, explainError(err)
	r.options.Metrics.bumps.WithLabelValues(outcomeFailed).Inc()
	// By the kind of error: its text may differ with every try.
	r.told.once(o.GetUID(), "", string(apierrors.ReasonForError(err)), func() {
		r.say(o, eventWarning, ReasonFailed, "bumping: %s", why)
		r.notify(about, LevelWarn, ReasonFailed, "could not be updated: "+why, nil)
	})
	r.wait(about.Key, candidates, WaitFailed, "the update was refused")
	log.FromContext(ctx).Error(nil, "bumping failed", "workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry, "error", why)
}

// Bypassed tells of a bump that admission was not asked about.
func (r *Reporter) Bypassed(ctx context.Context, about About, candidates []Candidate, dry bool) {
	const why = "a newer image is allowed, but admission was not asked: is the webhook installed and running?"
	o := about.Object
	r.options.Metrics.bumps.WithLabelValues(outcomeBypassed).Inc()
	r.told.once(o.GetUID(), "", outcomeBypassed, func() {
		r.say(o, eventWarning, ReasonFailed, why)
		r.notify(about, LevelWarn, ReasonFailed, why, nil)
	})
	r.wait(about.Key, candidates, WaitAdmission, "admission was not asked")
	log.FromContext(ctx).Info("admission was not asked about the bump", "workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry)
}

// Unmoved tells of a bump by which admission moves nothing.
func (r *Reporter) Unmoved(ctx context.Context, about About, dry bool) {
	r.options.Metrics.bumps.WithLabelValues(outcomeUnmoved).Inc()
	log.FromContext(ctx).V(1).Info("admission moved nothing",
		"workload", about.Object.GetName(), "namespace", about.Object.GetNamespace(), "dryRun", dry)
}

// Declined tells once why admission does not make a move.
func (r *Reporter) Declined(about About, c Candidate, why string) {
	r.wait(about.Key, []Candidate{c}, WaitDeclined, why)
	r.told.once(about.Object.GetUID(), c.Container, WaitDeclined+c.To.String(), func() {
		r.sayOf(about.Object, c.Container, eventWarning, ReasonFailed, "%s: %s stays, and not %s: %s", c.Container, c.Image, c.To, why)
		r.notify(about, LevelWarn, ReasonFailed, c.Container+": "+why, nil)
	})
}

// Moved tells of a bump that moved images: asked are the candidates that it was made
// for, made those that admission took.
func (r *Reporter) Moved(ctx context.Context, about About, asked, made []Candidate, changes []Change, took time.Duration) {
	o := about.Object
	r.options.Metrics.bumps.WithLabelValues(outcomeMoved).Inc()
	r.options.Metrics.rollout(rolloutStarted)
	r.told.clear(o.GetUID(), "")
	for _, c := range asked {
		r.told.clear(o.GetUID(), c.Container)
	}
	text := textOf(changes) + releaseNotesOf(made)
	r.say(o, eventNormal, ReasonUpdated, "%s", text)
	r.notify(about, LevelInfo, ReasonUpdated, text, changes)
	for _, c := range made {
		r.standings.note(about.Key, c.Container, func(s *Standing) {
			s.finds(c.To.String())
			s.State, s.Reason, s.Message = StateRolling, "", ""
		})
	}
	log.FromContext(ctx).Info("bumped", "kind", about.Key.GVK().GroupKind().String(), "namespace", o.GetNamespace(),
		"workload", o.GetName(), "images", textOf(changes), "durationSeconds", took.Seconds())
}

// PushFollowed tells how long after a push notification a workload was moved.
func (r *Reporter) PushFollowed(after time.Duration) {
	r.options.Metrics.pushToBump.Observe(after.Seconds())
}

// releaseNotesOf names where people read about the versions that moves go to. Channels break
// up what may mention somebody, as an @ in an address does.
func releaseNotesOf(candidates []Candidate) string {
	var text string
	for _, c := range candidates {
		address := strings.ReplaceAll(c.ReleaseNotes, "@", "%40")
		if address != "" && !strings.Contains(text, address) {
			text += "; release notes: " + address
		}
	}
	return text
}

// textOf lists images that moved: "web: example.com/app:1.2.7 -> example.com/app:1.2.8".
func textOf(changes []Change) string {
	texts := make([]string, 0, len(changes))
	for _, c := range changes {
		texts = append(texts, c.Container+": "+c.From+" -> "+c.To)
	}
	return printable.Escape(strings.Join(texts, ", "), maxNote)
}
