package resolver

import (
	"slices"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// A number stands for a list: whoever has an answer by it need not ask again while the
// number stays.
func TestNumberOfAListChangesWithItsTags(t *testing.T) {
	now := newClock()
	source := &script{}
	r := New(source, Options{Now: now.Now})
	var last uint64
	for _, step := range []struct {
		what string
		tags []string
		same bool
	}{
		{"the first list", []string{"1.2.0", "1.2.1", "1.2.2"}, false},
		{"the same list", []string{"1.2.0", "1.2.1", "1.2.2"}, true},
		{"the same tags in another order", []string{"1.2.2", "1.2.0", "1.2.1", "1.2.1"}, true},
		{"a tag more", []string{"1.2.0", "1.2.1", "1.2.2", "1.2.3"}, false},
		{"a tag less", []string{"1.2.0", "1.2.1", "1.2.2"}, false},
	} {
		now.Advance(time.Hour)
		source.tags = step.tags
		got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.2.0", Policy: parse(t, "patch"), Since: now.Now()}).List
		if got == 0 || (got == last) != step.same {
			t.Errorf("%s: number %d after %d", step.what, got, last)
		}
		last = got
	}
}

func TestAnswersThatNeedMoreThanTheListHaveNoNumber(t *testing.T) {
	both := built(amd64, arm64)
	for name, tt := range map[string]struct {
		change func(*Query)
		fails  bool
		want   bool
	}{
		"a move":                          {func(*Query) {}, false, true},
		"a stay":                          {func(q *Query) { q.Tag = "1.0.2" }, false, true},
		"a policy that cannot judge":      {func(q *Query) { q.Tag = "latest" }, false, false},
		"platforms that all tags serve":   {func(q *Query) { q.Platforms = []Platform{amd64} }, false, true},
		"platforms that a tag lacks":      {func(q *Query) { q.Platforms = []Platform{arm64} }, false, false},
		"a digest that is pinned":         {func(q *Query) { q.Pin = PinDigest }, false, false},
		"a digest that is followed":       {func(q *Query) { q.Pin = PinFollow }, false, false},
		"a digest that is asked for":      {func(q *Query) { q.TellDigest = true }, false, false},
		"a tag that is followed":          {func(q *Query) { q.Tag, q.Policy = "latest", parse(t, "force") }, false, false},
		"a policy that goes by date":      {func(q *Query) { q.Policy = parse(t, "newest") }, false, false},
		"an age":                          {func(q *Query) { q.MinAge = time.Nanosecond }, false, false},
		"a hold":                          {func(q *Query) { q.Hold = Hold{Tag: "1.0.2"} }, false, false},
		"soaks":                           {func(q *Query) { q.Soaks = []Soak{{Where: "staging", Versions: []Soaking{{Tag: "1.0.2"}}}} }, false, false},
		"a tag that the list lacks":       {func(q *Query) { q.Tag = "1.0.9" }, false, false},
		"a registry that does not answer": {func(*Query) {}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			source := listed(map[string]registry.Image{"latest": both, "1.0.0": both, "1.0.1": both, "1.0.2": built(amd64)})
			slices.Sort(source.tags)
			now := newClock()
			r := New(source, Options{Now: now.Now})
			q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Since: now.Now()}
			resolve(t, r, q)
			if now.Advance(time.Hour); tt.fails {
				source.err = &registry.Error{Kind: registry.Unreachable, Repository: "example.com/app"}
			}
			q.Since = now.Now()
			tt.change(&q)
			if got := resolve(t, r, q); (got.List != 0) != tt.want {
				t.Errorf("got number %d for %+v, want one: %t", got.List, got, tt.want)
			}
		})
	}
}
