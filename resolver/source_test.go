package resolver

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

func down(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }

func TestOutageLeavesTheLastList(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0", "1.2.7")
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	resolve(t, r, q)
	w.since()
	w.breaks(down)

	for _, step := range []struct {
		after time.Duration
		lists int
	}{
		{time.Minute, 1},      // fails: left alone for ten seconds
		{9 * time.Second, 0},  //
		{time.Second, 1},      // twenty
		{19 * time.Second, 0}, //
		{time.Second, 1},      // forty
		{40 * time.Second, 1}, // a minute, and no more
		{59 * time.Second, 0}, //
		{time.Second, 1},      //
		{time.Minute, 1},      //
		{time.Minute - 1, 0},  //
		{time.Nanosecond, 1},  //
		{0, 0},                //
	} {
		w.clock.Advance(step.after)
		got := resolve(t, r, q)
		wantTag(t, got, "1.2.7", policy.NewerPatch)
		if !got.Stale {
			t.Error("the answer is not marked as stale")
		}
		wantKind(t, got.Err, registry.Unreachable)
		w.wantRequests(t, step.lists, 0)
	}

	w.breaks(nil)
	w.clock.Advance(20 * time.Second) // a gateway so broken is left alone, too
	q.Since = w.clock.Now()           // a poll does not wait for the list's pause to end
	if got := resolve(t, r, q); got.Stale || got.Err != nil {
		t.Errorf("after the outage: %+v", got)
	}
}

func TestOutageWithoutAListIsUnavailable(t *testing.T) {
	w := newWorld(t)
	w.breaks(down)
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	for _, lists := range []int{1, 0} { // then at once, for ten seconds
		got, err := r.Resolve(t.Context(), q)
		failed, ok := errors.AsType[*Unavailable](err)
		if !ok || failed.Repository != q.Repository.String() {
			t.Fatalf("got error %v, want an *Unavailable", err)
		}
		wantKind(t, err, registry.Unreachable)
		wantTag(t, got, "1.2.0", StayRegistryUnavailable)
		w.wantRequests(t, lists, 0)
	}
}

func TestSilentRegistryEndsWithTheDeadline(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0", "1.2.7")
	asked, end := make(chan struct{}, 9), make(chan struct{})
	w.breaks(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-end
	})
	defer close(end)
	r := w.resolver()
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()

	_, err := r.Resolve(ctx, w.query("patch", "1.2.0"))

	wantKind(t, err, registry.Timeout)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error inside", err)
	}
	got, err := r.Resolve(ctx, w.query("patch", "1.2.0")) // with a deadline gone by
	wantKind(t, err, registry.Timeout)
	wantTag(t, got, "1.2.0", StayRegistryUnavailable)
}

// One admission waits for a silent registry; those behind it need not, as long
// as a list is known.
func TestSilentRegistryIsWaitedForOnce(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0", "1.2.7")
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	resolve(t, r, q)
	w.clock.Advance(time.Hour / 2)
	w.since()
	asked, end := make(chan struct{}, 9), make(chan struct{})
	w.breaks(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-end
	})
	defer close(end)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		w.clock.Advance(longWait)
		leave()
	}()
	first, err := r.Resolve(ctx, q)
	if err != nil || !first.Stale {
		t.Fatalf("got %+v, %v", first, err)
	}

	for range 5 { // would wait for ten seconds each, and fail
		got := resolve(t, r, q)
		wantTag(t, got, "1.2.7", policy.NewerPatch)
		wantKind(t, got.Err, registry.Timeout)
	}
	w.wantRequests(t, 1, 0)

	q.Want = []string{"1.2.8"} // a bump is worth the wait
	ctx, leave = context.WithCancel(t.Context())
	leave()
	if got, err := r.Resolve(ctx, q); err != nil || !errors.Is(got.Err, context.Canceled) {
		t.Errorf("got %+v, %v; want one that waited for its own deadline", got, err)
	}
}

// Who had no time left says nothing about the registry.
func TestCallerInAHurryDoesNotMakeARegistrySilent(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0", "1.2.7")
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	resolve(t, r, q)
	w.clock.Advance(time.Minute)
	asked, end := make(chan struct{}), make(chan struct{})
	w.breaks(func(rw http.ResponseWriter, _ *http.Request) {
		close(asked) // a second list would panic
		<-end
		_, _ = rw.Write([]byte(`{"tags":["1.2.0","1.2.7","1.2.8"]}`))
	})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()
	if got, err := r.Resolve(ctx, q); err != nil || !got.Stale {
		t.Fatalf("got %+v, %v", got, err)
	}
	close(end)
	wantTag(t, resolve(t, r, q), "1.2.8", policy.NewerPatch)
}

func TestConcurrentCallersShareOneList(t *testing.T) {
	const callers = 50
	w := newWorld(t)
	w.push("1.2.0", "1.2.7")
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if got, err := r.Resolve(t.Context(), q); err != nil || got.Tag != "1.2.7" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	group.Wait()
	if w.all != 2 {
		t.Errorf("%d requests, want ping and list", w.all)
	}
}

func TestFirstCallerLeavesTheListGoesOn(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0", "1.2.7")
	asked, end := make(chan struct{}), make(chan struct{})
	w.breaks(func(rw http.ResponseWriter, _ *http.Request) {
		close(asked) // a second list would panic
		<-end
		_, _ = rw.Write([]byte(`{"tags":["1.2.0","1.2.8"]}`))
	})
	r := w.resolver()
	first, leave := context.WithCancel(t.Context())
	firstErr := make(chan error, 1)
	go func() {
		_, err := r.Resolve(first, w.query("patch", "1.2.0"))
		firstErr <- err
	}()
	<-asked
	second := make(chan Resolution, 1)
	go func() {
		got, err := r.Resolve(t.Context(), w.query("patch", "1.2.0"))
		if err != nil {
			t.Error(err)
		}
		second <- got
	}()
	leave()
	wantKind(t, <-firstErr, registry.Timeout)
	close(end)
	wantTag(t, <-second, "1.2.8", policy.NewerPatch)
}

// A read that began before a caller came may not have seen what it wants.
func TestReadThatBeganBeforeDoesNotServeForWhatItLacks(t *testing.T) {
	w := newWorld(t)
	asked, end := make(chan struct{}, 9), make(chan struct{})
	var once sync.Once
	w.breaks(func(rw http.ResponseWriter, _ *http.Request) {
		body := `{"tags":["1.2.0","1.2.1"]}`
		once.Do(func() {
			asked <- struct{}{}
			<-end
			body = `{"tags":["1.2.0"]}`
		})
		_, _ = rw.Write([]byte(body))
	})
	r := w.resolver()
	go func() { _, _ = r.Resolve(t.Context(), w.query("patch", "1.2.0")) }()
	<-asked
	q := w.query("patch", "1.2.0")
	q.Want = []string{"1.2.1"}
	second := make(chan Resolution, 1)
	go func() {
		got, err := r.Resolve(t.Context(), q)
		if err != nil {
			t.Error(err)
		}
		second <- got
	}()
	close(end)
	wantTag(t, <-second, "1.2.1", policy.NewerPatch)
}
