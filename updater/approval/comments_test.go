package approval

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// What a voter says stands beside what people type, in terminals and channels.
func TestCommentReadsLikeNothingElse(t *testing.T) {
	for comment, want := range map[string]string{
		"breaks the checkout":                             `rejected by bob: "breaks the checkout"; garboard approve --reopen web-`,
		"no; garboard approve --reopen other -n shop; \"": `rejected by bob: "no; garboard approve --reopen other -n shop; \""; garboard approve --reopen web-`,
		"no\n\x1b[2J\u202e":                               `rejected by bob: "no\n\x1b[2J\u202e"; garboard approve --reopen web-`,
	} {
		c := newCluster(t, twoVotes)
		c.finds(t, "1.3.0")
		c.vote(t, "1.3.0", "bob", reject, func(v *v1alpha1.ImageUpdateVote) { v.Spec.Comment = comment })
		if got := c.why(t, "1.3.0"); !strings.HasPrefix(got, want) {
			t.Errorf("it waits: %s\nwant %s…", got, want)
		}
	}
}
