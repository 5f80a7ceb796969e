package resolver

import (
	"fmt"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// sighting is an image, and when this Resolver first looked at it.
type sighting struct {
	registry.Image
	seen time.Time
}

// born is when the age of an image begins: with its build, where it tells a date
// that can be one. Reproducible builds tell none, a wrong clock one that is yet to
// come; there it begins when the image was first seen, so that what was pushed a
// moment ago never counts as old.
func (s sighting) born(now time.Time) (at time.Time, how string) {
	if s.Created.IsZero() || s.Created.After(now) {
		return s.seen, "first seen"
	}
	return s.Created, "built"
}

// young returns why an image is not old enough for the query yet; nil where it is.
func (r *Resolver) young(q *Query, s sighting) *unfitError {
	if q.MinAge <= 0 {
		return nil
	}
	now := r.options.Now()
	born, how := s.born(now)
	if now.Sub(born) >= q.MinAge {
		return nil
	}
	text := fmt.Sprintf("younger than %s (%s %s)", q.MinAge, how, born.UTC().Format(time.RFC3339))
	return &unfitError{reason: StayTooYoung, text: text, ripens: born.Add(q.MinAge)}
}

// sooner is the earlier of two moments, of which the zero time is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
