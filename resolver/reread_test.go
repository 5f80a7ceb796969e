package resolver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// gated is a script whose first list waits until the gate opens.
type gated struct {
	script
	gate  chan struct{}
	first sync.Once
}

func (g *gated) Tags(ctx context.Context, repository Repository, credential Credential) ([]string, error) {
	g.first.Do(func() { <-g.gate })
	return g.script.Tags(ctx, repository, credential)
}

// Whoever woke up after the read that the others shared had ended made one
// more: six and more lists for forty workloads.
func TestUnlistedTagsShareOneRead(t *testing.T) {
	const callers = 40
	for name, tt := range map[string]struct {
		options Options
		reads   int
	}{
		"the read that all found under way, and one that began after they came": {Options{}, 2},
		"a program that ends soon makes the first alone":                        {Options{ReadOnce: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 { // the scheduler has to be unkind once
				if got := readsOfUnlisted(t, callers, tt.options); got != tt.reads {
					t.Fatalf("%d lists were read, want %d", got, tt.reads)
				}
			}
		})
	}
}

// readsOfUnlisted counts the lists that callers cause who each come with another
// unlisted tag while the first list is being read.
func readsOfUnlisted(t *testing.T, callers int, options Options) (reads int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		source := &gated{script: script{tags: []string{"1.0.0"}}, gate: make(chan struct{})}
		r := New(source, options)
		var group sync.WaitGroup
		for i := range callers {
			q := Query{Repository: repo("example.com/app"), Tag: fmt.Sprintf("0.0.%d", i), Policy: parse(t, "patch")}
			group.Go(func() {
				if got, err := r.Resolve(t.Context(), q); err != nil || got.Reason != StayNotInList {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
		synctest.Wait() // all wait for the first list
		close(source.gate)
		group.Wait()
		reads = source.reads
	})
	return reads
}

// Each workload that came later with a tag of its own cost a one-shot program
// one more list.
func TestReadOnceIsOneSuccess(t *testing.T) {
	source := &script{tags: []string{"1.0.0", "1.0.1"}, err: errors.New("down")}
	now := newClock()
	r := New(source, Options{ReadOnce: true, Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	if _, err := r.Resolve(t.Context(), q); err == nil {
		t.Fatal("no error from a registry that is down")
	}

	source.err = nil
	now.Advance(10 * time.Second)
	wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)
	for _, tag := range []string{"0.0.1", "0.0.2"} {
		q.Tag, q.Want = tag, []string{"9.9.9"}
		wantTag(t, resolve(t, r, q), tag, StayNotInList)
	}
	if source.reads != 2 {
		t.Errorf("%d lists were read, want one that failed and one that did not", source.reads)
	}
}
