package settings

import (
	"github.com/garboard-dev/garboard/resolver"
)

// wanted is room for the tags that callers add to those of a query: the submitted one,
// and the target of a bump.
const wanted = 3

// Query asks what a container moves to that starts from a tag, and a digest where there
// is one. Pinned is true where the image is written with a digest. What the rule does not
// say, such as how fresh the answer has to be, the caller adds; and so MinAge, which binds
// the updater alone.
func (r Rule) Query(repository resolver.Repository, tag, digest string, pinned bool) resolver.Query {
	q := resolver.Query{
		Repository: repository, Tag: tag, Digest: digest, Policy: r.Policy, Pin: resolver.PinTag,
		Want: append(make([]string, 0, wanted), tag), Platforms: r.Platforms, Hold: resolver.Hold(r.Hold),
		// What people approve is an image, and not what a tag may lead to by then.
		TellDigest: r.Approvals.Votes > 0,
	}
	switch {
	case r.Follows():
		q.Pin = resolver.PinFollow
	case r.Pins(pinned):
		q.Pin = resolver.PinDigest
	}
	return q
}
