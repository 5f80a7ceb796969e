package registry

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Eight admissions for eight repositories of a hung registry waited four
// seconds each.
func TestSilentHostIsNotWaitedForByAll(t *testing.T) {
	slow := newHanging(twoTags)
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/warm/tags/list": twoTags, "/v2/{path}/tags/list": slow.ServeHTTP}))
	now := newClock()
	c := client(t, at(now), func(o *Options) { o.HeaderTimeout = time.Hour })
	if _, err := list(t, c, registry.repository("warm"), Credential{}); err != nil {
		t.Fatal(err)
	}
	var waiting []<-chan error
	wait := func(path string) {
		t.Helper()
		waiting = append(waiting, goList(t, c, registry.repository(path)))
		if got, want := <-slow.asked, "/v2/"+path+"/tags/list"; got != want {
			t.Fatalf("asked for %s, want %s", got, want)
		}
	}

	wait("a")
	now.Advance(silence - time.Nanosecond)
	wait("b") // silent, but not for long
	now.Advance(time.Nanosecond)
	wait("c") // a probe
	for range 8 {
		wantLeftAlone(t, c, registry.repository("d"), 2*time.Second)
	}
	now.Advance(2 * time.Second)
	wait("e") // another, after twice the time
	wantLeftAlone(t, c, registry.repository("f"), 4*time.Second)

	close(slow.end)
	for _, done := range waiting {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := list(t, c, registry.repository("warm"), Credential{}); err != nil {
		t.Errorf("after the silence: %v", err)
	}
}

// A slow list is no silence where others are answered.
func TestSlowRequestBesideAnswersIsNoSilence(t *testing.T) {
	slow := newHanging(twoTags)
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/giant/tags/list": slow.ServeHTTP, "/v2/a/tags/list": twoTags}))
	now := newClock()
	c := client(t, at(now), func(o *Options) { o.HeaderTimeout = time.Hour })
	giant := goList(t, c, registry.repository("giant"))
	<-slow.asked
	for range 10 {
		now.Advance(time.Second)
		if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
			t.Fatal(err)
		}
	}
	close(slow.end)
	if err := <-giant; err != nil {
		t.Error(err)
	}
}

// Those who come later do not even join a ping that hangs.
func TestSilentPingIsNotJoined(t *testing.T) {
	slow := newHanging(says(http.StatusOK, ""))
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/{$}": slow.ServeHTTP, "/v2/{path}/tags/list": twoTags}))
	now := newClock()
	c := client(t, at(now), func(o *Options) { o.HeaderTimeout, o.HandshakeTimeout = time.Hour, time.Hour })
	first := goList(t, c, registry.repository("a"))
	<-slow.asked
	now.Advance(silence)
	second := goList(t, c, registry.repository("b"))
	<-slow.asked // a ping of its own: the connection of the first may be what hangs
	for i := range 8 {
		wantLeftAlone(t, c, registry.repository(fmt.Sprint("r", i)), 2*time.Second)
	}
	if got := registry.count("GET /v2/"); got != 2 {
		t.Errorf("pinged %d times, want twice", got)
	}
	close(slow.end)
	for _, done := range []<-chan error{first, second} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// passing is a context with a deadline that passes when the test says so.
type passing struct {
	context.Context
	done chan struct{}
}

func (p passing) Done() <-chan struct{} { return p.done }

func (p passing) Err() error {
	select {
	case <-p.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestDeadlineIsTheHostsFaultIfThereWasTime(t *testing.T) {
	for name, tt := range map[string]struct {
		waited time.Duration
		cancel bool
		opens  bool
	}{
		"a second":                         {longEnough, false, true},
		"less than a second":               {longEnough - time.Nanosecond, false, false},
		"longer, but the caller went away": {time.Minute, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			slow := newHanging(twoTags)
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": slow.ServeHTTP, "/v2/b/tags/list": twoTags}))
			now := newClock()
			c := client(t, at(now), func(o *Options) { o.HeaderTimeout = time.Hour })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			deadline := passing{ctx, make(chan struct{})}
			if tt.cancel {
				deadline.done = nil
			}
			done := make(chan error, 1)
			go func() {
				if tt.cancel {
					_, err := c.Tags(ctx, named(registry.repository("a")), Credential{})
					done <- err
					return
				}
				_, err := c.Tags(deadline, named(registry.repository("a")), Credential{})
				done <- err
			}()
			<-slow.asked
			now.Advance(tt.waited)
			if tt.cancel {
				cancel()
			} else {
				close(deadline.done)
			}
			wantKind(t, <-done, Timeout)

			if tt.opens {
				wantLeftAlone(t, c, registry.repository("b"), openTime)
			} else if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
				t.Errorf("the host is blamed: %v", err)
			}
		})
	}
}
