package history

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// Reasons of the updater's Events about images that it moved. Others say the same
// of a rollout that has ended.
const (
	reasonMoved = "ImageUpdated"
	reasonBack  = "RolledBack"
)

// arrow parts the images of a move in an Event's note.
const arrow = " -> "

// move is one container's part of an Event about moved images.
type move struct {
	uid                 types.UID // of the Event
	at                  time.Time
	container, from, to string
	// back: it was a way back to what ran before.
	back, used bool
}

// why says where the move came from.
func (m *move) why() string {
	if m.back {
		return "taken back from " + m.from
	}
	return "moved from " + m.from
}

// movesOf reads "web: example.com/app:1.2.7 -> example.com/app:1.2.8, …" from
// the notes of Events, the latest first. A note that was cut loses its last
// move.
func movesOf(events []corev1.Event) []*move {
	var moves []*move
	for _, event := range events {
		if event.Reason != reasonMoved && event.Reason != reasonBack {
			continue
		}
		for part := range strings.SplitSeq(event.Message, ", ") {
			container, images, ok := strings.Cut(part, ": ")
			from, to, is := strings.Cut(images, arrow)
			if ok && is && container != "" && from != "" && to != "" && !strings.Contains(container+from+to, " ") {
				moves = append(moves, &move{uid: event.UID, at: firstSeen(event), container: container, from: from, to: to, back: event.Reason == reasonBack})
			}
		}
	}
	slices.SortStableFunc(moves, func(a, b *move) int { return b.at.Compare(a.at) })
	return moves
}

// moveTo finds the move that led to the last of some results, from the one
// before it where there is one: a version that was gone back to has an older
// move to it.
func moveTo(moves []*move, container string, past []record.Past) *move {
	for _, m := range moves {
		if m.used || m.container != container || !isResult(m.to, past[len(past)-1]) {
			continue
		}
		if len(past) == 1 || isResult(m.from, past[len(past)-2]) {
			return m
		}
	}
	return nil
}

// firstSeen is when an Event began: the API of today has one field for it, that
// of before another.
func firstSeen(e corev1.Event) time.Time {
	switch {
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	case !e.FirstTimestamp.IsZero():
		return e.FirstTimestamp.Time
	default:
		return e.CreationTimestamp.Time
	}
}

// lastSeen is when an Event that came again came last.
func lastSeen(e corev1.Event) time.Time {
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	default:
		return firstSeen(e)
	}
}
