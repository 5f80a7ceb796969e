package updater

import (
	"fmt"
	"testing"

	"github.com/garboard-dev/garboard/updater/move"
)

// Whoever has one namespace, or one registry, has as much in it as they like.
func TestNamespacesAndRegistriesTakeTurns(t *testing.T) {
	b := newBench(t, move.Pace{})
	other := key("web")
	other.Namespace = "other"
	for i := range 3 {
		b.mover.Queue.Add(key(fmt.Sprintf("web-%d", i)))
		b.poller.Queue.Add(fmt.Sprintf("many.example/app-%d", i))
	}
	b.mover.Queue.Add(other)
	b.poller.Queue.Add("other.example/app")
	_, _ = b.mover.Queue.Get()
	_, _ = b.poller.Queue.Get()
	if got, _ := b.mover.Queue.Get(); got != other {
		t.Errorf("%v is moved second, want what another namespace has", got)
	}
	if got, _ := b.poller.Queue.Get(); got != "other.example/app" {
		t.Errorf("%s is polled second, want what another registry has", got)
	}
}
