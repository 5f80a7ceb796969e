package resolver

import (
	"context"
	"fmt"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// datedImage is an image, and when this Resolver first looked at it.
type datedImage struct {
	registry.Image
	seen time.Time
}

// born is when the age of an image begins: with its build, where it tells a date
// that can be one. Reproducible builds tell none, a wrong clock one that is yet to
// come; there it begins when the image was first seen, so that what was pushed a
// moment ago never counts as old.
func (d datedImage) born(now time.Time) (at time.Time, how string) {
	if d.Created.IsZero() || d.Created.After(now) {
		return d.seen, "first seen"
	}
	return d.Created, "built"
}

// ageCondition wants an image that is as old as the query's MinAge.
type ageCondition struct{ now func() time.Time }

func (ageCondition) cost(q *Query, _ kind) cost {
	if q.MinAge <= 0 {
		return notAsked
	}
	return costsBuildDate
}

func (a ageCondition) judge(_ context.Context, q *Query, c *candidate) *rejection {
	now := a.now()
	born, how := c.image.born(now)
	if now.Sub(born) >= q.MinAge {
		return nil
	}
	text := fmt.Sprintf("younger than %s (%s %s)", q.MinAge, how, born.UTC().Format(time.RFC3339))
	return &rejection{text: text, oldEnoughAt: born.Add(q.MinAge)}
}

func (ageCondition) reason() policy.Reason { return StayTooYoung }

// earlierOf returns the earlier of two moments; the zero time means that there is none.
func earlierOf(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
