package resolver

import (
	"context"
	"fmt"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// platformCondition wants an image that was built for every platform of the query.
// What runs may go on running, wherever it was built for.
type platformCondition struct{}

func (platformCondition) cost(q *Query, k kind) cost {
	if len(q.Platforms) == 0 || k == pin {
		return notAsked
	}
	return costsImage
}

func (platformCondition) judge(_ context.Context, q *Query, c *candidate) *rejection {
	for _, platform := range q.Platforms {
		if !c.image.Runs(platform) {
			return &rejection{text: fmt.Sprintf("not built for %s", platform)}
		}
	}
	return nil
}

func (platformCondition) reason() policy.Reason { return StayNoPlatform }
