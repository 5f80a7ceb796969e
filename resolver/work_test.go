package resolver

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
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
			q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, tt.policy), Sharing: tt.sharing}
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

// shortTime is a context that ends while tags are matched.
type shortTime struct {
	context.Context
	looks int // at the time, until it ends
}

func (s *shortTime) Err() error {
	if s.looks--; s.looks < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// Each look at the time comes after 64 tags: a filter over 10,000 of them asks 157 times
// if it does not end.
func TestFilterEndsWithTheTimeOfTheQuery(t *testing.T) {
	tags := []string{"1.0.0"}
	for i := range 9999 {
		tags = append(tags, fmt.Sprintf("build-%d", i))
	}
	for _, name := range []string{"minor", "newest", "force"} {
		t.Run(name, func(t *testing.T) {
			r := New(listed(map[string]registry.Image{"1.0.0": built(amd64)}), Options{})
			r.registry.(*script).tags = tags
			resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "minor")})
			filtered, err := policy.Parse(policy.Spec{Name: name, Filter: "^[0-9]"})
			if err != nil {
				t.Fatal(err)
			}
			ctx := &shortTime{t.Context(), 5}
			got, err := r.Resolve(ctx, Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: filtered})
			if err != nil {
				t.Fatal(err)
			}
			wantTag(t, got, "1.0.0", policy.StayOutOfTime)
			if ctx.looks < -5 {
				t.Errorf("went on for %d looks at the time after it had ended", -ctx.looks)
			}
		})
	}
}

// The list is known, and each of its tags is judged anew: a regular expression with many
// steps takes seconds for 10,000 of them.
func TestExplanationEndsWithItsTime(t *testing.T) {
	tags := []string{"1.0.0"}
	for i := range 9999 {
		tags = append(tags, fmt.Sprintf("build-%d", i))
	}
	for _, name := range []string{"minor", "newest", "regexp:^v[0-9]+$"} {
		t.Run(name, func(t *testing.T) {
			r := New(&pinned{script{tags: tags}, nil}, Options{})
			q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, name)}
			answer := resolve(t, r, q)
			if all, err := r.Explain(t.Context(), q, answer); err != nil || len(all) != len(tags)-1 {
				t.Fatalf("explained %d tags, %v; want %d", len(all), err, len(tags)-1)
			}
			ctx := &shortTime{t.Context(), 50}
			rejected, err := r.Explain(ctx, q, answer)
			if !errors.Is(err, context.DeadlineExceeded) || rejected != nil {
				t.Errorf("got %d rejections and %v, want the end of the time", len(rejected), err)
			}
			if ctx.looks < -5 {
				t.Errorf("went on for %d looks at the time after it had ended", -ctx.looks)
			}
		})
	}
}
