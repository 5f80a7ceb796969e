package registry

import (
	"net/http"
	"testing"
	"time"
)

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
		now.Advance(time.Second)
	}
	status = http.StatusOK
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}
