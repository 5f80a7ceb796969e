package move

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// maxPast is how many versions are remembered of each repository that a workload ran
// before what it runs.
const maxPast = 10

// soaks knows how long workloads have been healthy with what they run: those that go first
// in a canary's set, and those that others come after. All of it is in memory; what a new
// leader can read from the workload, it does.
type soaks struct {
	mu sync.Mutex
	of map[watched.Key]*soak
}

// soak is how long one workload has been healthy with its images.
type soak struct {
	uid, images string
	// since is the zero time where it is not healthy; broken: it was not, at a time
	// that was seen. wanted is how many Pods it was to have when it was healthy last.
	since  time.Time
	broken bool
	wanted int64
	// guessed: since is when it was seen first, and it may have been healthy before.
	guessed bool

	running map[string]running
	// past are the versions that it ran before, healthy until it moved on; left is what
	// it was rolled back from. Both are by repository.
	past map[string][]pastRun
	left map[string]record.Result
}

// pastRun is a version that a workload ran, and for how long it was healthy with it.
type pastRun struct {
	result record.Result
	lasted time.Duration
}

// running is what a workload runs of one repository.
type running struct {
	record.Result
	// held is the version that one of its containers is held from.
	held record.Result
	// mixed: its containers run several versions.
	mixed bool
}

func newSoaks() *soaks { return &soaks{of: map[watched.Key]*soak{}} }

// see notes how a workload is, and returns from when on it has been healthy with what it
// runs, the zero time where it is not. Its own status may know better after a restart of
// ours; but not of Pods that broke later and came back. changed is false where that is no
// news.
func (s *soaks) see(key watched.Key, o *workload.Object, h rollout.Health, now time.Time) (since time.Time, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, images := s.of[key], imagesOf(o)
	if known == nil || known.uid != o.UID() {
		known = &soak{uid: o.UID(), images: images, running: runsOf(o), past: map[string][]pastRun{}, left: map[string]record.Result{}}
		s.of[key] = known
		known.guessed = h.Phase == rollout.Healthy && h.Since.IsZero()
	}
	before := known.since
	if known.images != images {
		known.moveOn(images, runsOf(o), now)
	}
	switch {
	case h.Phase == rollout.Healthy:
		known.wanted = h.Wanted
		if known.since.IsZero() {
			known.since = now
			if !known.broken && !h.Since.IsZero() {
				known.since = h.Since
			}
		}
	case !known.since.IsZero() && known.goesOn(h):
	default:
		known.breaks()
	}
	return known.since, !known.since.Equal(before)
}

// healthySince is from when on a workload has been healthy with what it runs, the zero time
// where it is not. Where its status does not tell what was before it was seen first, its
// Pods are read, once.
func (s *Mover) healthySince(ctx context.Context, key watched.Key, stored *unstructured.Unstructured, o *workload.Object, h rollout.Health) time.Time {
	since, _ := s.soaks.see(key, o, h, s.Clock.Now())
	if !s.soaks.guesses(key) {
		return since
	}
	if o.RecordText() == "" { // nothing tells its Pods from those before
		return s.soaks.learn(key, time.Time{})
	}
	ready, err := rollout.Pods{Live: s.Live, Kinds: s.Workloads.Kinds}.ReadySince(ctx, stored)
	if err != nil {
		log.FromContext(ctx).Error(err, "reading Pods", "workload", key)
		return since
	}
	return s.soaks.learn(key, ready)
}

// goesOn reports whether a workload that is not healthy by its status runs on as it did:
// its controller has not looked at a change of it yet, or it is to have more or fewer Pods
// than before, and those that it is to have of the ones before are available.
func (s *soak) goesOn(h rollout.Health) bool {
	return h.Phase == rollout.Rolling && (!h.Observed || h.Whole() && h.Wanted != s.wanted && h.Available >= min(h.Wanted, s.wanted))
}

// breaks starts the time again for which the running version has been healthy.
func (s *soak) breaks() {
	if !s.since.IsZero() { // or else it is being rolled out
		for repository, now := range s.running {
			s.past[repository] = without(s.past[repository], now.Result)
		}
	}
	s.since, s.broken, s.guessed = time.Time{}, true, false
}

// moveOn takes in other images. What was left for something higher stays known for as
// long as it was healthy; what was left by a way back does not.
func (s *soak) moveOn(images string, next map[string]running, now time.Time) {
	for repository, was := range s.running {
		is, stays := next[repository]
		past := s.past[repository]
		switch back := indexOf(past, is.Result); {
		case !stays || was.mixed || is.mixed:
			past = nil
		case is.held.Tag != "" && is.held.Agrees(was.Result) || was.Result != is.Result && back >= 0:
			past = without(past[:back+1], was.Result)
			s.left[repository] = was.Result
		case !s.since.IsZero():
			lasted := now.Sub(s.since)
			if i := indexOf(past, was.Result); i >= 0 { // another container moved meanwhile
				lasted = max(lasted, past[i].lasted)
			}
			past = append(without(past, was.Result), pastRun{was.Result, lasted})
		}
		s.past[repository] = past[max(0, len(past)-maxPast):]
		if s.left[repository] == is.Result {
			delete(s.left, repository)
		}
	}
	s.images, s.running, s.since, s.broken, s.guessed = images, next, time.Time{}, false, false
}

// guesses reports whether it is not known for how long a workload was healthy before it was
// seen first.
func (s *soaks) guesses(key watched.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[key] != nil && s.of[key].guessed
}

// learn notes since when a workload had been healthy before it was seen first; the zero
// time where nothing tells. It returns since when it has been.
func (s *soaks) learn(key watched.Key, since time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.of[key]
	if known == nil {
		return time.Time{}
	}
	if known.guessed && !since.IsZero() && since.Before(known.since) {
		known.since = since
	}
	known.guessed = false
	return known.since
}

// ran returns the versions of a repository that a workload was healthy with for so long
// before what it runs, and the one that it was rolled back from.
func (s *soaks) ran(key watched.Key, repository string, atLeast time.Duration) (past []record.Result, left record.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.of[key]
	if known == nil {
		return nil, left
	}
	for _, run := range known.past[repository] {
		if run.lasted >= atLeast {
			past = append(past, run.result)
		}
	}
	return past, known.left[repository]
}

func (s *soaks) forget(key watched.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, key)
}

func indexOf(past []pastRun, result record.Result) int {
	return slices.IndexFunc(past, func(run pastRun) bool { return run.result == result })
}

// without returns a copy that does not have a version.
func without(past []pastRun, result record.Result) []pastRun {
	return slices.DeleteFunc(slices.Clone(past), func(run pastRun) bool { return run.result == result })
}

// runsOf is what a workload runs of each repository.
func runsOf(o *workload.Object) map[string]running {
	results, holds := record.Of(o), record.HoldsOf(o)
	all := map[string]running{}
	for _, slot := range o.Slots() {
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil {
			continue
		}
		name := reference.Repository.String()
		this := running{Result: record.Running(reference, results[slot.Key()]), held: holds[slot.Key()]}
		if other, several := all[name]; several {
			this.mixed = other.mixed || other.Result != this.Result
			if this.held.Tag == "" {
				this.held = other.held
			}
		}
		all[name] = this
	}
	return all
}

// imagesOf tells apart what a workload runs at different times.
func imagesOf(o *workload.Object) string {
	slots := o.Slots()
	images := append(make([]string, 0, len(slots)+1), o.RecordText()) // which has digests that are not written
	for _, slot := range slots {
		images = append(images, slot.Image)
	}
	return strings.Join(images, " ")
}
