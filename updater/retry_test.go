package updater

import (
	"errors"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
)

// followed is a workload that runs 1.2.7, with a setting more.
func followed(t *testing.T, annotation, value string) *unstructured.Unstructured {
	t.Helper()
	o := movedBefore(t, "apps/v1", "Deployment", time.Hour, complete3(noon.Add(-time.Hour)))
	set(t, o, value, "metadata", "annotations", "garboard.dev/"+annotation)
	return o
}

// ways are those in which a repository may be read.
var ways = map[string][2]string{
	"a workload that is only pushed":      {"trigger", "push"},
	"a workload that is polled seldom":    {"pollSchedule", "@every 10m"},
	"a workload that is polled at night":  {"pollSchedule", "0 2 * * *"},
	"a workload that is polled each year": {"pollSchedule", "0 0 1 1 *"},
}

func down() (resolver.Resolution, error) { return resolver.Resolution{}, errors.New("503") }

func nothingNewer() (resolver.Resolution, error) {
	return resolver.Resolution{Tag: "1.2.7", Reason: policy.StayNewest}, nil
}

func newer() (resolver.Resolution, error) { return resolver.Resolution{Tag: "1.2.8"}, nil }

// dueIn is when the repository is polled next.
func (b *bench) dueIn(t *testing.T) time.Duration {
	t.Helper()
	due, known := b.poller.Due(repository)
	if !known {
		t.Fatal("it is not planned")
	}
	return due.Sub(b.clock.Now())
}

// pollAfter has the repository polled when its turn comes.
func (b *bench) pollAfter(t *testing.T, wait time.Duration) {
	t.Helper()
	b.clock.Step(wait)
	b.poller.Queue.Add(repository)
	b.poller.Work(t.Context())
}

// A registry that tells of a push and fails a moment later would be the end of the
// push: where nobody polls, of the version.
func TestPushWhoseReadFailedIsTriedAgain(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, move.Pace{}, followed(t, way[0], way[1]))
			b.registry = down
			b.Pushed(poll.Push{Repository: repository, Received: noon})
			b.poller.Work(t.Context())
			for reads := 1; reads < 4; reads++ {
				if b.reads != reads {
					t.Fatalf("%d reads, want %d", b.reads, reads)
				}
				wait := b.polled.last()
				if _, known := b.poller.Due(repository); !known || wait <= 0 || wait > 5*time.Second<<(reads-1) {
					t.Fatalf("after %d failures it is read in %s", reads, wait)
				}
				b.pollAfter(t, wait)
			}
			b.registry = newer
			b.pollAfter(t, b.polled.last())
			if moves, _ := b.mover.Waiting(keyIs(b.objects["web"])); len(moves) != 1 || moves[0].To.Tag != "1.2.8" {
				t.Errorf("found %+v, want 1.2.8", moves)
			}
		})
	}
}

// A failure in the night would leave what is polled once a day for another day.
func TestFailedPollIsTriedAgainWithinSeconds(t *testing.T) {
	for name, way := range ways {
		if way[0] == "trigger" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b := newBench(t, move.Pace{}, followed(t, way[0], way[1]))
			for reads, registry := range []func() (resolver.Resolution, error){down, nothingNewer, down, nothingNewer} {
				b.registry = registry
				b.pollAfter(t, b.dueIn(t))
				if b.reads != reads+1 {
					t.Fatalf("%d reads when the poll that comes next is over, want %d", b.reads, reads+1)
				}
				if got := b.dueIn(t); reads%2 == 0 && (got <= 0 || got > 5*time.Second) {
					t.Fatalf("after the failure of read %d it is read in %s", b.reads, got)
				}
			}
		})
	}
}

// A push may have come in that waited for a window, or before anybody led: where
// nobody polls, nobody would look again.
func TestNewLeaderReadsOnceWhatIsOnlyPushed(t *testing.T) {
	for name, test := range map[string]struct {
		way  [2]string
		want int
	}{
		"a workload that is only pushed is read once": {[2]string{"trigger", "push"}, 1},
		"a workload that is polled has its turn":      {[2]string{"pollSchedule", "0 2 * * *"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, move.Pace{}, followed(t, test.way[0], test.way[1]))
			b.registry = newer
			b.polled.delays = nil
			b.poller.CatchUp()
			if got := len(b.polled.delays); got != test.want {
				t.Fatalf("%d reads are planned, want %d", got, test.want)
			}
			if test.want == 0 {
				return
			}
			if wait := b.polled.last(); wait > time.Minute {
				t.Errorf("it is read in %s, want within a minute", wait)
			}
			b.pollAfter(t, b.polled.last())
			if moves, _ := b.mover.Waiting(keyIs(b.objects["web"])); b.reads != 1 || len(moves) != 1 {
				t.Errorf("%d reads found %+v, want 1.2.8 with one", b.reads, moves)
			}
			if due, known := b.poller.Due(repository); known {
				t.Errorf("it is read once more at %s", due)
			}
		})
	}
}

// Some registries tell of a tag before they list it. But what they tell of may be of
// no interest, and is no reason to ask for ever.
func TestPushThatBringsNothingNewerIsLookedAtOnceMore(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, move.Pace{}, followed(t, way[0], way[1]))
			b.registry = nothingNewer
			b.Pushed(poll.Push{Repository: repository, Received: noon})
			b.poller.Work(t.Context())
			if got := b.dueIn(t); got != 10*time.Second {
				t.Fatalf("it is read again in %s, want 10s", got)
			}
			b.pollAfter(t, 10*time.Second)
			if b.reads != 2 {
				t.Fatalf("%d reads, want 2", b.reads)
			}
			if due, known := b.poller.Due(repository); known && due.Sub(b.clock.Now()) <= 10*time.Second {
				t.Errorf("it is read a third time at %s", due)
			}
		})
	}
	b := newBench(t, move.Pace{}, followed(t, "trigger", "push"))
	b.registry = newer
	b.Pushed(poll.Push{Repository: repository, Received: noon})
	b.poller.Work(t.Context())
	if due, known := b.poller.Due(repository); known {
		t.Errorf("a push that brought something is read again at %s", due)
	}
}

// What another webhook refuses would otherwise be sent to the API server with each
// status that its Pods write, for ever.
func TestRefusedBumpsBackOffWhateverTheWorkloadDoes(t *testing.T) {
	o := followed(t, "pollSchedule", "@every 10m")
	b := newBench(t, move.Pace{Cluster: 1}, o)
	b.answer = func(*unstructured.Unstructured, bool) error {
		return apierrors.NewForbidden(schema.GroupResource{}, "web", errors.New("not here"))
	}
	b.finds(t, o, "1.2.8")
	for range 6 {
		writes := b.writes
		b.clock.Step(b.tried.last() - time.Second)
		if b.event(t, o); b.tried.Len() != 0 {
			t.Fatalf("after %s a status has it tried", b.tried.last()-time.Second)
		}
		if b.mover.InProgress() != 0 {
			t.Fatal("it keeps a place from others while it waits")
		}
		b.clock.Step(time.Second)
		b.mover.Try(t.Context(), keyIs(o)) // what the queue does then
		if b.writes != writes+1 {
			t.Fatalf("%d writes, want one more than %d", b.writes, writes)
		}
	}
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute}
	if !slices.Equal(b.tried.delays, want) {
		t.Errorf("tried after %v, want %v", b.tried.delays, want)
	}
	if got := b.told.of(report.ReasonFailed); got != 1 {
		t.Errorf("people were told %d times, want once", got)
	}
	b.clock.Step(10 * time.Minute)
	if b.event(t, o); b.tried.Len() != 1 {
		t.Error("an event after its time does not have it tried")
	}
}
