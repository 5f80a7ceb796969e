package signin

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// Whoever may sign in may do so again and again: nobody else could, once all sessions were
// taken.
func TestSessionsOfOnePersonLeaveThoseOfOthers(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s := newSessions(clock, 8*time.Hour)
	begin := func(name string) *http.Cookie {
		t.Helper()
		clock.Step(time.Millisecond)
		cookie, err := s.begin(Person{Name: name}, time.Time{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return cookie
	}
	of := func(cookie *http.Cookie) *kept {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.AddCookie(cookie)
		return s.of(r)
	}
	ann, first := begin("ann"), begin("eve")
	life := of(first).life
	for range maxSessions {
		begin("eve")
	}
	last := begin("eve")
	if of(ann) == nil || of(last) == nil {
		t.Error("the session of another person, or the last one, has ended")
	}
	if of(first) != nil || life.Err() == nil {
		t.Error("the first of very many sessions goes on")
	}
	if got, want := s.count(), maxOfOne+1; got != want {
		t.Errorf("%d sessions, want %d", got, want)
	}
}
