package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// sessionCookie is bound to the host, and to HTTPS, by its name.
	sessionCookie = "__Host-garboard-session"
	// maxSessions is how many are kept at once.
	maxSessions = 10_000
)

// sessions are those of people who have signed in, in memory: a page that starts again
// knows none, and what has ended here has ended.
type sessions struct {
	clock    clock.PassiveClock
	lifetime time.Duration

	mu  sync.Mutex
	all map[[sha256.Size]byte]*kept
}

// kept is one session.
type kept struct {
	id     string
	person Person
	until  time.Time
	// life ends with the session.
	life context.Context //nolint:containedctx // that is what it is
	end  context.CancelFunc
}

func newSessions(clock clock.PassiveClock, lifetime time.Duration) *sessions {
	return &sessions{clock: clock, lifetime: lifetime, all: map[[sha256.Size]byte]*kept{}}
}

// begin makes a session of a person, and returns its cookie. It lasts as long as sessions
// do, and no longer than until, where that is set.
func (s *sessions) begin(p Person, until time.Time) (*http.Cookie, error) {
	now := s.clock.Now()
	if most := now.Add(s.lifetime); until.IsZero() || until.After(most) {
		until = most
	}
	life, end := context.WithCancel(context.Background())
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, one := range s.all {
		if !now.Before(one.until) {
			one.end()
			delete(s.all, key)
		}
	}
	if len(s.all) >= maxSessions {
		end()
		return nil, &RefusalError{http.StatusServiceUnavailable, "Too many people are signed in: try again later."}
	}
	s.all[sha256.Sum256([]byte(id))] = &kept{id, p, until, life, end}
	return strict(sessionCookie, id, int(until.Sub(now).Seconds())), nil
}

// of returns the session of a request, nil where it has none that lasts.
func (s *sessions) of(r *http.Request) *kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cookie := range r.CookiesNamed(sessionCookie) {
		if one := s.all[sha256.Sum256([]byte(cookie.Value))]; one != nil && s.clock.Now().Before(one.until) {
			return one
		}
	}
	return nil
}

// endOf ends the sessions of a request.
func (s *sessions) endOf(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cookie := range r.CookiesNamed(sessionCookie) {
		key := sha256.Sum256([]byte(cookie.Value))
		if one := s.all[key]; one != nil {
			one.end()
			delete(s.all, key)
		}
	}
}

// count is how many last.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count, now := 0, s.clock.Now()
	for _, one := range s.all {
		if now.Before(one.until) {
			count++
		}
	}
	return count
}

// strict is a cookie that no other site can send, and no script read. Negative seconds
// take it away.
func strict(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}
