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
	// maxSessions is how many are kept at once, and maxOfOne how many of one person, which
	// is more than anybody has browsers.
	maxSessions = 10_000
	maxOfOne    = 32
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
	s.tidy(p.Name, now)
	if len(s.all) >= maxSessions {
		end()
		return nil, &RefusalError{http.StatusServiceUnavailable, "Too many people are signed in: try again later."}
	}
	s.all[sha256.Sum256([]byte(id))] = &kept{id, p, until, life, end}
	return strict(sessionCookie, id, int(until.Sub(now).Seconds())), nil
}

// tidy ends the sessions that are over, and where a person has as many as one may have, that
// of them which ends first. The caller holds the lock.
func (s *sessions) tidy(person string, now time.Time) {
	count, first := 0, [sha256.Size]byte{}
	for key, one := range s.all {
		switch {
		case !now.Before(one.until):
			s.drop(key)
		case one.person.Name == person:
			if count++; count == 1 || one.until.Before(s.all[first].until) {
				first = key
			}
		}
	}
	if count >= maxOfOne {
		s.drop(first)
	}
}

// drop ends a session. The caller holds the lock.
func (s *sessions) drop(key [sha256.Size]byte) {
	if one := s.all[key]; one != nil {
		one.end()
		delete(s.all, key)
	}
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
		s.drop(sha256.Sum256([]byte(cookie.Value)))
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
