package updater

import (
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/keelson-dev/keelson/internal/workload"
	"github.com/keelson-dev/keelson/resolver"
)

// Reasons of the Events on workloads.
const (
	ReasonUpdated     = "ImageUpdated"
	ReasonStayed      = "ImageStayed"
	ReasonHeld        = "ImageHeld"
	ReasonUnavailable = "RegistryUnavailable"
	ReasonFailed      = "UpdateFailed"
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

func (u *Updater) updated(o *unstructured.Unstructured, before, after *workload.Object) {
	u.say(o, "", corev1.EventTypeNormal, ReasonUpdated, "%s", told(before, after))
}

// told lists the images that moved: "web: example.com/app:1.2.7 -> example.com/app:1.2.8".
func told(before, after *workload.Object) string {
	moved := changes(before, after)
	told := make([]string, 0, len(moved))
	for _, c := range moved {
		told = append(told, c.container+": "+c.from+" -> "+c.to)
	}
	return workload.Shorten(strings.Join(told, ", "), maxNote)
}

func (u *Updater) stayed(o *unstructured.Unstructured, slot workload.Slot, r resolver.Resolution) {
	text, reason := r.Why(), ReasonStayed
	if r.Warning != "" {
		text = r.Warning
	}
	if r.Reason == resolver.StayHeld {
		reason = ReasonHeld
	}
	u.say(o, "/"+slot.Key(), corev1.EventTypeNormal, reason, "%s: %s stays: %s", slot.Key(), slot.Image, text)
}

// held tells of holds that are new: admission, which makes them, says so to the
// writer alone.
func (u *Updater) held(before, after *unstructured.Unstructured) {
	was, okWas := u.Kinds.FromMap(before.Object)
	is, okIs := u.Kinds.FromMap(after.Object)
	if !okWas || !okIs || is.HoldText() == "" {
		return
	}
	holds := was.Holds()
	for _, slot := range is.Slots() {
		if held, ok := is.Holds()[slot.Key()]; ok && held != holds[slot.Key()] {
			u.say(after, "/"+slot.Key(), corev1.EventTypeNormal, ReasonHeld, "%s: %s stays: %s is held", slot.Key(), slot.Image, held)
		}
	}
}

func (u *Updater) failed(o *unstructured.Unstructured, slot workload.Slot, err error) {
	u.say(o, "/"+slot.Key(), corev1.EventTypeWarning, ReasonUnavailable, "%s: %s: %s", slot.Key(), slot.Image, resolver.Summary(err))
}

func (u *Updater) bumpFailed(o *unstructured.Unstructured, err error) {
	u.say(o, "", corev1.EventTypeWarning, ReasonFailed, "bumping: %v", err)
}

func (u *Updater) bypassed(o *unstructured.Unstructured) {
	u.say(o, "", corev1.EventTypeWarning, ReasonFailed, "a newer image is allowed, but admission was not asked: is the webhook installed and running?")
}

func (u *Updater) waits(o *unstructured.Unstructured, why string) {
	u.say(o, "", corev1.EventTypeNormal, ReasonStayed, "a newer image is allowed, but %s: it is used once that is over, or by the next apply", why)
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
