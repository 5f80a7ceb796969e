package resolver

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// hanging is a registry that does not answer before it may.
type hanging struct {
	script
	going   atomic.Int64
	answers chan struct{}
}

func (h *hanging) Tags(ctx context.Context, repository Repository, _ Credential) ([]string, error) {
	h.going.Add(1)
	defer h.going.Add(-1)
	select {
	case <-h.answers:
		return []string{"1.0.0", "1.0.1"}, nil
	case <-ctx.Done():
		return nil, &registry.Error{Kind: registry.Timeout, Repository: repository.String(), Err: ctx.Err()}
	}
}

// A read goes on when its caller has left. One workload after the other that names registries
// which hang would begin more of them than there is memory for.
func TestReadsThatHangAreBoundedAndLeavePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &hanging{answers: make(chan struct{})}
		r := New(source, Options{MaxReads: 24}) // three for one owner
		patch := parse(t, "patch")
		answered := make(chan Resolution, 1)
		ask := func(owner, repository string, patience time.Duration) {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				got, _ := r.Resolve(ctx, Query{Owner: owner, Repository: repo("example.com/" + repository), Tag: "1.0.0", Policy: patch})
				answered <- got
			}()
		}
		wantGoing := func(when string, want int64) {
			t.Helper()
			synctest.Wait()
			if got := source.going.Load(); got != want {
				t.Errorf("%s: %d reads are under way, want %d", when, got, want)
			}
		}
		for i := range 100 {
			ask("a", fmt.Sprintf("a%d", i), 4*time.Second)
		}
		wantGoing("one owner names many", 3)
		for range 100 { // their time is over
			if got := <-answered; got.Tag != "1.0.0" || registry.KindOf(got.Err) != registry.Timeout {
				t.Errorf("got %+v", got)
			}
		}
		wantGoing("all callers have left", 3)
		ask("b", "b", time.Hour)
		ask("", "c", time.Hour)
		wantGoing("others ask", 5)
		for i := range 20 {
			ask(fmt.Sprintf("owner %d", i), fmt.Sprintf("d%d", i), time.Hour)
		}
		wantGoing("many owners", 24)
		close(source.answers)
		for range 22 {
			if got := <-answered; got.Tag != "1.0.1" || got.Reason != policy.NewerPatch {
				t.Errorf("once they answer: got %+v", got)
			}
		}
		wantGoing("all have answered", 0)
		ask("a", "more", time.Second)
		if got := <-answered; got.Tag != "1.0.1" {
			t.Errorf("no place was given back: %+v", got)
		}
	})
}
