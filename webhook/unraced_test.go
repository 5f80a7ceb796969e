//go:build !race && unix

// One goroutine runs each of these, and the race detector makes it ten times as slow: "make
// test-unit" runs the tests of such a file without it, after all others.

package webhook_test

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
)

// Whatever a Deployment has been through, its image goes down only in a request that
// names that very tag, and its template never changes in our annotations alone. The
// history is played by the code that the API server, kubectl and the Deployment
// controller are made of. Another webhook, which prefixes images, comes and goes, and so
// does what the registry lists.
func TestNoHistoryLeadsDownUnasked(t *testing.T) {
	first, played := cmp.Or(*firstHistory, rand.Uint64()), newPlayed(t)
	for n := range uint64(*histories) {
		if h := newHistory(t, first+n, played); !h.play(40) {
			return
		}
	}
}

var (
	histories    = flag.Int("histories", 20, "how many histories are played")
	firstHistory = flag.Uint64("history", 0, "the number of the first one; 0 for any")
)

// No part of an object that the API server takes costs many times what reading so many
// bytes of another part does: whoever may write a workload cannot keep a webhook busy. It is
// the processor's time that counts, whatever else the machine does, and the least of a few
// tries, since garbage is collected in some of them.
func TestNoPartOfAnObjectIsDear(t *testing.T) {
	h := newHooks(t, "1.2.0", "1.2.5", "1.2.7")
	kind, _ := workload.StandardKinds().For("apps", "Deployment")
	spent := func(d dear, enough float64) float64 {
		c := call{kind, d.object(t, "1.2.0"), d.object(t, "1.2.5"), "kubectl-client-side-apply"}
		least := math.Inf(1)
		for tries := 0; tries < 3 && least > enough; tries++ {
			before := processorTime(t)
			h.mutate.Handle(t.Context(), c.request())
			h.validate.Handle(t.Context(), c.request())
			least = min(least, float64(processorTime(t)-before)/float64(len(c.object)+len(c.old)))
		}
		return least
	}
	environment := spent(dear{pod: map[string]any{"containers": []any{map[string]any{
		"name": "web", "image": "r.example.com/a:1.2.0",
		"env": listed(40, func(n int) any { return map[string]any{"name": fmt.Sprint(n), "value": "some text"} }),
	}}}}, 0)
	for name, d := range dearest() {
		t.Run(name, func(t *testing.T) {
			if got := spent(d, 20*environment) / environment; got > 20 {
				t.Errorf("a byte of it costs %.0f times a byte of an environment", got)
			}
		})
	}
}

// processorTime is what this process has used so far, in nanoseconds.
func processorTime(t *testing.T) int64 {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}
