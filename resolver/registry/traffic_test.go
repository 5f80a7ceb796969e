package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// go-containerregistry asked three times within four seconds of a 429.
func TestPauseIsKept(t *testing.T) {
	status, header := http.StatusTooManyRequests, "60"
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/{path}/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if status != http.StatusOK {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(status)
			return
		}
		twoTags(w, r)
	}}))
	now := newClock()
	c := client(t, at(now))

	_, err := list(t, c, registry.repository("a"), Credential{})
	if got := wantError(t, err, RateLimited).RetryAfter; got != time.Minute {
		t.Errorf("RetryAfter is %s, want 1m", got)
	}
	registry.since()
	now.Advance(59 * time.Second)
	_, err = list(t, c, registry.repository("b"), Credential{})
	if got := wantError(t, err, RateLimited).RetryAfter; got != time.Second {
		t.Errorf("RetryAfter is %s, want what is left: 1s", got)
	}
	if calls := registry.since(); len(calls) > 0 {
		t.Errorf("asked %q within the pause; it is the host's, not the repository's", calls)
	}
	other := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	if _, err := list(t, c, other.repository("a"), Credential{}); err != nil {
		t.Errorf("another host: %v", err)
	}

	now.Advance(time.Second)
	status = http.StatusOK
	if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestPauseThatIsNotNamedDoubles(t *testing.T) {
	status := http.StatusTooManyRequests
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if status == http.StatusOK {
			twoTags(w, r)
			return
		}
		w.WriteHeader(status)
	}}))
	now := newClock()
	c := client(t, at(now))
	for _, step := range []struct {
		status int
		want   time.Duration
	}{
		{429, 30 * time.Second}, {429, time.Minute}, {429, 2 * time.Minute}, {503, 0}, {429, 4 * time.Minute},
		{429, 8 * time.Minute}, {429, longPause}, {429, longPause}, {200, 0}, {429, 30 * time.Second},
	} {
		status = step.status
		_, err := list(t, c, registry.repository("a"), Credential{})
		var got time.Duration
		if failed, ok := errors.AsType[*Error](err); ok {
			got = failed.RetryAfter
		}
		if got != step.want {
			t.Fatalf("status %d: RetryAfter is %s, want %s", step.status, got, step.want)
		}
		now.Advance(got)
	}
}

func TestPaceOfAHostHonoursTheDeadline(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	c := client(t, func(o *Options) { o.Rate, o.Burst = 0.001, 2 })
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.Tags(ctx, named(registry.repository("a")), Credential{})
	wantKind(t, err, RateLimited) // at once: the turn would come in a quarter of an hour
}

func TestOwnPauseIsSpread(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": says(http.StatusTooManyRequests, "")}))
	c := client(t, at(newClock()), func(o *Options) { o.Jitter = func() float64 { return 0 } })
	_, err := list(t, c, registry.repository("a"), Credential{})
	if got := wantError(t, err, RateLimited).RetryAfter; got != unnamedPause/2 {
		t.Errorf("RetryAfter is %s, want half of %s at the least", got, unnamedPause)
	}
}

// GitHub's secondary limit says 403 and DENIED.
func TestForbiddenWithRetryAfterBlamesNoCredential(t *testing.T) {
	limited := true
	service := &tokens{expires: 300}
	registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/{path}/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if limited {
			w.Header().Set("Retry-After", "60")
			says(http.StatusForbidden, `{"errors":[{"code":"DENIED"}]}`)(w, r)
			return
		}
		twoTags(w, r)
	}})))
	now := newClock()
	c := client(t, at(now))

	for _, path := range []string{"a", "b"} {
		_, err := list(t, c, registry.repository(path), Credential{})
		if got := wantError(t, err, RateLimited).RetryAfter; got != time.Minute {
			t.Errorf("RetryAfter is %s, want 1m", got)
		}
	}
	now.Advance(time.Minute)
	limited = false
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Error(err)
	}
	if service.issued != 1 {
		t.Errorf("%d tokens were issued, want the one that is kept", service.issued)
	}
}

func TestRequestsUnderWayAreBounded(t *testing.T) {
	const callers = 12
	slow := newHanging(twoTags)
	var underWay atomic.Int64
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/warm/tags/list": twoTags, "/v2/{path}/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if n := underWay.Add(1); n > defaultConcurrency {
			t.Errorf("%d requests are under way, want at most %d", n, defaultConcurrency)
		}
		slow.ServeHTTP(w, r)
		underWay.Add(-1)
	}}))
	c := client(t, at(newClock()))
	if _, err := list(t, c, registry.repository("warm"), Credential{}); err != nil {
		t.Fatal(err)
	}
	var all []<-chan error
	for i := range callers {
		all = append(all, goList(t, c, registry.repository(fmt.Sprint("r", i))))
	}
	for range callers {
		<-slow.asked
		if len(slow.asked) == 0 {
			slow.end <- struct{}{}
		}
	}
	close(slow.end)
	for _, done := range all {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// The challenge holds a turn, and the token that it asks for needs one.
func TestOneTurnIsEnoughForAChallenge(t *testing.T) {
	service := &tokens{expires: 300}
	guarded := service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return // an open ping, so that the list itself is challenged
		}
		if r.URL.Path != "/token" && r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
			says(http.StatusUnauthorized, strings.Repeat(" ", 128<<10))(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	}))
	c := client(t, func(o *Options) { o.Concurrency = 1 })
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Error(err)
	}
}
