package registry

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// Each repository of a registry that was down asked it again, one after the
// other: minutes, where it never answered.
func TestFailedPingIsKeptForAMoment(t *testing.T) {
	const repositories = 60
	for name, tt := range map[string]struct {
		ping http.HandlerFunc
		kind Kind
	}{
		"an error":  {says(http.StatusInternalServerError, ""), Unreachable},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			var up atomic.Bool
			registry := newFake(t, open(map[string]http.HandlerFunc{
				"/v2/{$}": func(w http.ResponseWriter, r *http.Request) {
					if !up.Load() {
						tt.ping(w, r)
					}
				},
				"/v2/{path}/tags/list": twoTags,
			}))
			now := newClock()
			c := client(t, at(now), func(o *Options) { o.HeaderTimeout = 50 * time.Millisecond })
			fails := func() {
				t.Helper()
				for i := range repositories {
					_, err := list(t, c, registry.repository(fmt.Sprint("r", i)), Credential{})
					wantKind(t, err, tt.kind)
				}
				if got := len(registry.since()); got != 1 {
					t.Errorf("asked %d times, want one ping", got)
				}
			}

			fails()
			now.advance(failedPing - time.Nanosecond)
			up.Store(true)
			_, err := list(t, c, registry.repository("a"), Credential{})
			wantKind(t, err, tt.kind)
			now.advance(time.Nanosecond)
			up.Store(false)
			fails()
			now.advance(failedPing)
			up.Store(true)
			if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
				t.Errorf("after the failure: %v", err)
			}
		})
	}
}

// A pause of a second would become one of ten.
func TestPauseOfAPingIsNotMadeLonger(t *testing.T) {
	status := http.StatusTooManyRequests
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/{$}": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
		},
		"/v2/a/tags/list": twoTags,
	}))
	now := newClock()
	c := client(t, at(now))
	for _, status = range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		if _, err := list(t, c, registry.repository("a"), Credential{}); err == nil {
			t.Fatalf("status %d: no error", status)
		}
		now.advance(time.Second)
	}
	status = http.StatusOK
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}
