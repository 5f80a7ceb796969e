package intent

import (
	"slices"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// takenBack is the updater's way back. It leads to a result of the container's own
// history and nowhere else, and from the image that admission answered last: an image
// that another writer chose is that writer's to change.
func takenBack(c Case, f Image) (answer Answer, ok bool) {
	if c.Back == nil || c.Stored == nil || !c.Submitted.Same(*c.Stored) || c.bypassed() {
		return Answer{}, false
	}
	to := *c.Stored
	to.Tag, to.Digest = c.Back.Tag, c.Back.Digest
	if !c.returnable(to) {
		return Answer{}, false
	}
	hold := c.holdAll(to)
	if !c.Pins && c.Stored.Digest == "" {
		to.Digest = ""
	}
	if to.Same(*c.Stored) { // the text of the image does not tell the two apart
		return Answer{}, false
	}
	return Answer{Row: TakenBack, Image: to, Source: f.Text, Hold: hold, Below: true}, true
}

// returnable reports whether an image is an earlier result of the container.
func (c Case) returnable(image Image) bool {
	if healthy, ok := record.ParseResult(c.State.Healthy); ok && healthy == image.Result() && image.Repository == c.last().Repository {
		return true
	}
	return c.earlier(image)
}

// holdAll returns the hold after a way back past several results: it covers all of
// them.
func (c Case) holdAll(to Image) record.Result {
	hold := c.leaves(c.stored(), to)
	for _, past := range slices.Backward(c.past) {
		if to.is(past) {
			break
		}
		result, ok := record.ParseResult(past.Result)
		if !ok || past.Repository != to.Repository.String() {
			continue
		}
		c.Hold = hold
		hold = c.leaves(Image{Repository: to.Repository, Tag: result.Tag, Digest: result.Digest}, to)
	}
	return hold
}
