package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lists are sorted by bytes where they are long and by comparisons where they
// are short or their numbers too large, which must make no difference.
func lists(r *rand.Rand) map[string][]string {
	random := func(n int, tag func() string) []string {
		tags := make([]string, n)
		for i := range tags {
			tags[i] = tag()
		}
		return tags
	}
	short := func() string { return randomTag(r) }
	return map[string][]string{
		"none":              nil,
		"few":               random(20, short),
		"many":              random(1000, short),
		"many, in order":    slices.Sorted(slices.Values(random(1000, short))),
		"alike":             slices.Repeat([]string{"1.2.3", "1.2.3-alpine"}, 50),
		"the longest alike": random(100, func() string { return "v1.2-" + strings.Repeat("x", 100) + fmt.Sprint(r.IntN(90)) }),
		"a shared prefix":   random(500, func() string { return "release-v1-" + randomTag(r) }),
		"one is the prefix": append(random(100, func() string { return "1.2.3" + randomTag(r) }), "1.2.3", "1"),
		"numbers of 64 bits": random(300, func() string {
			return fmt.Sprintf("%d.%d-rc.%d", r.Uint64()>>r.IntN(64), r.IntN(3), r.Uint64()>>r.IntN(64))
		}),
		"numbers that just fit": random(300, func() string { return fmt.Sprintf("%d.%d.%d", r.Uint64()>>20, r.IntN(64), r.IntN(64)) }),
		"one part": random(300, func() string {
			return []string{"", "v"}[r.IntN(2)] + fmt.Sprint(r.IntN(300)) + []string{"", "-rc1", "-x"}[r.IntN(3)]
		}),
		"a line each":      random(300, func() string { return fmt.Sprintf("1.2.%d-%08x", r.IntN(5), r.Uint32()) }),
		"not all are tags": append(random(200, short), "", "-a", ".a", "1.2.3+4", "a b", strings.Repeat("1", 129)),
	}
}

func TestIndexIsSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, tags := range lists(r) {
		given := slices.Clone(tags)
		ix := NewIndex(tags)
		if diff := cmp.Diff(given, tags); diff != "" {
			t.Errorf("%s: NewIndex changes its input (-want +got):\n%s", name, diff)
		}
		want := slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return !ValidTag(tag) })
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(want, ix.Tags()) {
			t.Errorf("%s: tags (-want +got):\n%s", name, cmp.Diff(want, ix.Tags()))
		}
		wantLines(t, name, ix.plain)
	}
}

// wantLines compares the lines of a view with those put together tag by tag.
func wantLines(t *testing.T, name string, v *view) {
	t.Helper()
	all, releases := map[lineKey][]string{}, map[lineKey][]string{}
	for _, tag := range v.tags {
		parsed, ok := parseVersion(tag)
		if !ok {
			continue
		}
		key := parsed.line()
		keys := []lineKey{key}
		if key.plainNumber() && !key.bare {
			key.bare = true
			keys = append(keys, key)
		}
		for _, key := range keys {
			all[key] = append(all[key], tag)
			if parsed.stable() {
				releases[key] = append(releases[key], tag)
			}
		}
	}
	for key := range v.numbers {
		for preReleases, want := range map[bool][]string{true: all[key], false: releases[key]} {
			slices.SortStableFunc(want, func(a, b string) int {
				x, _ := parseVersion(a)
				y, _ := parseVersion(b)
				return compareVersions(&x, &y)
			})
			var got []string
			of := v.line(&key).releases
			if preReleases {
				of = v.line(&key).all
			}
			for _, at := range of {
				got = append(got, v.tags[v.entries[at].tag])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: line %+v (-want +got):\n%s", name, key, diff)
			}
		}
		delete(all, key)
	}
	if len(all) > 0 {
		t.Errorf("%s: lines are missing: %v", name, all)
	}
}
