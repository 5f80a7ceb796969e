package updater

import (
	"context"
	"testing"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
)

// owned is an Ownership of one repository.
type owned string

func (o owned) Owns(repository string) bool { return repository == string(o) }

func (o owned) Begin(ctx context.Context, repository string) (context.Context, func(), bool) {
	return ctx, func() {}, o.Owns(repository)
}

func (owned) Changed() <-chan struct{} { return nil }

// asked counts what an Ownership of all is asked.
type asked struct {
	ownsAll
	owns, begins, open int
}

func (a *asked) Owns(string) bool { a.owns++; return true }

func (a *asked) Begin(ctx context.Context, _ string) (context.Context, func(), bool) {
	a.begins++
	a.open++
	return ctx, func() { a.open-- }, true
}

// A poll and a move are two pieces of work, with hours between them at a gate: each
// holds its repository while it goes on, and nothing else asks.
func TestOwnershipIsAskedOnceByEachStage(t *testing.T) {
	o := followed(t, "trigger", "push")
	b := newBench(t, move.Pace{}, o)
	ownership := &asked{}
	b.poller.Ownership, b.mover.Ownership = ownership, ownership
	b.answer = admits("1.2.8")
	b.registry = func() (resolver.Resolution, error) {
		if ownership.open != 1 {
			t.Errorf("a poll holds its repository %d times", ownership.open)
		}
		return newer()
	}
	b.Pushed(poll.Push{Repository: repository, Received: b.clock.Now()})
	b.poller.Work(t.Context())
	b.tryAll(t)
	if b.image(t, o) != "example.com/app:1.2.8" || ownership.begins != 2 || ownership.owns != 0 || ownership.open != 0 {
		t.Errorf("it runs %s, %d pieces of work were begun and %d are held, and it was asked %d times besides",
			b.image(t, o), ownership.begins, ownership.open, ownership.owns)
	}
}

// What another updater owns is its to tell of: here its gates say nothing.
func TestMovesOfAnotherUpdaterAreDropped(t *testing.T) {
	o := followed(t, "window", "0 22 * * * for 1h")
	b := newBench(t, move.Pace{}, o)
	b.finds(t, o, "1.2.8")
	if waiting, _ := b.mover.Waiting(keyIs(o)); len(waiting) != 1 || len(b.events.Events) != 1 {
		t.Fatalf("what waits for its window is %+v, with %d Events", waiting, len(b.events.Events))
	}
	b.mover.Ownership = owned("example.com/other")
	b.finds(t, o, "1.2.9")
	if waiting, _ := b.mover.Waiting(keyIs(o)); len(waiting) != 0 || len(b.events.Events) != 1 {
		t.Errorf("what waits is %+v, with %d Events", waiting, len(b.events.Events))
	}
}

// lapsed is an Ownership that is not sure of anything for a while.
type lapsed struct {
	ownsAll
	lapse bool
}

func (l *lapsed) Owns(string) bool { return !l.lapse }

func (l *lapsed) Begin(ctx context.Context, repository string) (context.Context, func(), bool) {
	if l.lapse {
		return nil, nil, false
	}
	return l.ownsAll.Begin(ctx, repository)
}

// The listener hears of the end of a lapse alone, and finds that what is ours has not changed;
// or it has looked in its middle.
func TestPollsGoOnAfterALapseOfOwnership(t *testing.T) {
	for name, looksMeanwhile := range map[string]bool{
		"nothing has looked meanwhile": false, "what is ours was looked at meanwhile": true,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, move.Pace{}, followed(t, "pollSchedule", "@every 10m"))
			ownership := &lapsed{}
			b.Ownership, b.poller.Ownership = ownership, ownership
			ours := map[string]bool{}
			b.handOver(t.Context(), ours)
			if _, planned := b.poller.Due(repository); !planned {
				t.Fatal("what is ours is not polled")
			}
			ownership.lapse = true
			b.Pushed(poll.Push{Repository: repository, Received: b.clock.Now()})
			b.poller.Work(t.Context())
			if looksMeanwhile {
				b.handOver(t.Context(), ours)
			}
			if _, planned := b.poller.Due(repository); planned {
				t.Fatal("what may be another updater's is polled")
			}
			ownership.lapse = false
			b.handOver(t.Context(), ours)
			if _, planned := b.poller.Due(repository); !planned {
				t.Error("it is not polled any more")
			}
		})
	}
}
