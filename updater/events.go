package updater

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
)

// Reasons of the Events on workloads.
const (
	ReasonUpdated       = "ImageUpdated"
	ReasonStayed        = "ImageStayed"
	ReasonHeld          = "ImageHeld"
	ReasonWaiting       = "ImageWaiting"
	ReasonUnavailable   = "RegistryUnavailable"
	ReasonFailed        = "UpdateFailed"
	ReasonSucceeded     = "RolloutSucceeded"
	ReasonRolloutFailed = "RolloutFailed"
	ReasonRolledBack    = "RolledBack"
	ReasonNotRolledBack = "NotRolledBack"
)

const (
	eventNormal  = corev1.EventTypeNormal
	eventWarning = corev1.EventTypeWarning
)

// action is what the updater was doing when it said something. Events of one
// object, reason and action are counted as one, whatever they say, so that each
// container has an action of its own.
const action = "Poll"

// maxNote is the longest note of an Event (events.k8s.io/v1 allows 1 kB).
const maxNote = 900

func (u *Updater) say(o *unstructured.Unstructured, container, kind, reason, format string, args ...any) {
	u.Events.Eventf(o, nil, kind, reason, action+container, "%s", workload.Shorten(fmt.Sprintf(format, args...), maxNote))
}

func (u *Updater) stayed(o *unstructured.Unstructured, slot workload.Slot, r resolver.Resolution) {
	text, reason := r.Why(), ReasonStayed
	if r.Warning != "" {
		text = r.Warning
	}
	if r.Reason == resolver.StayHeld {
		reason = ReasonHeld
	}
	u.say(o, "/"+slot.Key(), eventNormal, reason, "%s: %s stays: %s", slot.Key(), slot.Image, text)
}

// held tells of holds that are new: admission, which makes them, says so to the
// writer alone.
func (u *Updater) held(before, after *unstructured.Unstructured) {
	was, okWas := u.Kinds.FromMap(before.Object)
	is, okIs := u.Kinds.FromMap(after.Object)
	if !okWas || !okIs || is.HoldText() == "" {
		return
	}
	former, now := was.Holds(), is.Holds()
	for _, slot := range is.Slots() {
		if held, ok := now[slot.Key()]; ok && held != former[slot.Key()] {
			u.say(after, "/"+slot.Key(), eventNormal, ReasonHeld, "%s: %s stays: %s is held", slot.Key(), slot.Image, held)
		}
	}
}

func (u *Updater) failed(o *unstructured.Unstructured, slot workload.Slot, err error) {
	u.say(o, "/"+slot.Key(), eventWarning, ReasonUnavailable, "%s: %s: %s", slot.Key(), slot.Image, resolver.Summary(err))
}

// wait tells once why a move is not made yet. A place in the line is no news: it
// would be an Event for each of ten thousand workloads that go one after the other.
func (u *Updater) wait(o *unstructured.Unstructured, m Move, v Verdict) {
	u.blocked([]Move{m}, v.Reason, v.Message)
	if v.Reason == WaitPace {
		return
	}
	u.said.once(o.GetUID(), m.Container, v.Reason+m.To.String(), func() {
		u.say(o, "/"+m.Container, eventNormal, ReasonWaiting, "%s: %s waits with %s: %s", m.Container, m.Image, m.To, v.Message)
	})
}

// blocked notes why moves are not made yet.
func (u *Updater) blocked(moves []Move, reason, message string) {
	for _, m := range moves {
		u.book.note(m.key, m.Container, func(s *Standing) {
			s.State, s.Newest, s.Reason, s.Message = StatePending, m.To.String(), reason, message
		})
	}
}

// said remembers what was told of each container, so that a reason to stay is
// an Event once and not with every poll.
type said struct {
	mu   sync.Mutex
	last map[types.UID]map[string]string
}

func newSaid() *said { return &said{last: map[types.UID]map[string]string{}} }

// once calls tell where something else, or nothing, was told last.
func (s *said) once(uid types.UID, container, what string, tell func()) {
	s.mu.Lock()
	if s.last[uid] == nil {
		s.last[uid] = map[string]string{}
	}
	last, known := s.last[uid][container]
	s.last[uid][container] = what
	s.mu.Unlock()
	if !known || last != what {
		tell()
	}
}

// clear makes the next reason news again.
func (s *said) clear(uid types.UID, container string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last[uid], container)
}

// forget drops all that was told of a workload.
func (s *said) forget(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, uid)
}
