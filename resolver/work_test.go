package resolver

import (
	"fmt"
	"testing"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// No workload matches more than 50 million steps times tags, however many containers
// it has.
func TestSelectionIsBoundedInStepsTimesTags(t *testing.T) {
	tags := []string{"1.0.0"}
	for i := range 1999 {
		tags = append(tags, fmt.Sprintf("build-%d", i))
	}
	for name, tt := range map[string]struct {
		policy  string
		sharing int
		want    policy.Reason
	}{
		"few steps":                        {"regexp:^v[0-9]+$", 1, policy.StayNoCandidate},
		"many steps":                       {"regexp:^(v{30}){30}$", 1, policy.StayNoCandidate},
		"many steps for many containers":   {"regexp:^(v{30}){30}$", 256, StayTooCostly},
		"no steps at all for as many":      {"glob:v*", 256, policy.StayNoCandidate},
		"few steps for as many containers": {"regexp:^v[0-9]+$", 256, policy.StayNoCandidate},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(&pinned{script{tags: tags}, nil}, Options{})
			q := Query{Repository: "example.com/app", Tag: "1.0.0", Policy: parse(t, tt.policy), Sharing: tt.sharing}
			for range 2 { // a dry run gets the same
				if got := resolve(t, r, q); got.Reason != tt.want || got.Tag != "1.0.0" {
					t.Errorf("got %s at %s, want %s", got.Reason, got.Tag, tt.want)
				}
			}
			if tt.want == StayTooCostly {
				return
			}
			if work := q.Policy.Steps() * len(tags) * tt.sharing; work > maxWork {
				t.Errorf("matched %d steps times tags", work)
			}
		})
	}
}
