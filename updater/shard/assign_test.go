package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAssign(t *testing.T) {
	for name, test := range map[string]struct {
		holders, members, want []string
	}{
		"nobody is there":                             {[]string{"", "", "a"}, nil, []string{"", "", ""}},
		"one takes all":                               {[]string{"", "", ""}, []string{"a"}, []string{"a", "a", "a"}},
		"what is even stays":                          {[]string{"b", "a", "b", "a"}, []string{"a", "b"}, []string{"b", "a", "b", "a"}},
		"who has one more keeps it":                   {[]string{"b", "a", "b"}, []string{"a", "b"}, []string{"b", "a", "b"}},
		"a newcomer gets its part, and no more moves": {[]string{"a", "a", "b", "b"}, []string{"a", "b", "c"}, []string{"a", "a", "b", "c"}},
		"the part of one that is gone is spread":      {[]string{"a", "x", "b", "x"}, []string{"a", "b"}, []string{"a", "a", "b", "b"}},
		"more members than shards stand by":           {[]string{"b", ""}, []string{"a", "b", "c"}, []string{"b", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, assignShards(test.holders, test.members)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// However members come and go: every shard has a member that is there, two
// members differ by one shard at most, no shard changes hands that need not, and
// what was assigned stays so while nothing changes.
func TestAssignIsEvenAndStable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		holders := make([]string, 1+r.IntN(20))
		var members []string
		for i := range 1 + r.IntN(8) {
			members = append(members, fmt.Sprintf("m%d", i))
		}
		for i := range holders {
			if n := r.IntN(len(members) + 3); n < len(members)+2 { // two that are gone among them
				holders[i] = fmt.Sprintf("m%d", n)
			}
		}
		wanted := assignShards(holders, members)
		count, kept := map[string]int{}, 0
		for i, member := range wanted {
			if !slices.Contains(members, member) {
				t.Fatalf("%v to %v: shard %d goes to %q", holders, members, i, member)
			}
			count[member]++
			if holders[i] == member {
				kept++
			}
		}
		least, most := len(holders), 0
		for _, member := range members {
			least, most = min(least, count[member]), max(most, count[member])
		}
		if most > least+1 {
			t.Fatalf("%v to %v: %v", holders, members, count)
		}
		if best := mostKept(holders, members); kept != best {
			t.Fatalf("%v to %v: %v keeps %d, it could %d", holders, members, wanted, kept, best)
		}
		if again := assignShards(wanted, members); !slices.Equal(again, wanted) {
			t.Fatalf("%v, and then %v", wanted, again)
		}
	}
}

// mostKept is how many shards can stay where they are in an even spread, found
// another way: each member keeps its equal part, and as many as there are left
// over one more.
func mostKept(holders, members []string) int {
	has := map[string]int{}
	for _, holder := range holders {
		has[holder]++
	}
	each, more := len(holders)/len(members), len(holders)%len(members)
	kept := 0
	for _, member := range members {
		kept += min(has[member], each)
		if has[member] > each && more > 0 {
			kept, more = kept+1, more-1
		}
	}
	return kept
}

// Which shard a repository belongs to must not change with a release: replicas
// of two of them run side by side while one replaces the other.
func TestOfStaysTheSame(t *testing.T) {
	want := map[string]int{"ghcr.io/org/app": 12, "docker.io/library/nginx": 1, "registry.example.com:5000/team/shop": 13, "127.0.0.1:5000/a": 5, "": 4}
	got := map[string]int{}
	for repository := range want {
		got[repository] = Of(repository, 16)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOfSpreadsNamesThatDifferLittle(t *testing.T) {
	for _, shards := range []int{1, 2, 3, 4, 8, 16} {
		count := make([]int, shards)
		const repositories = 4000
		for n := range repositories {
			count[Of(fmt.Sprintf("registry.example.com/team/app-%d", n), shards)]++
		}
		for shard, n := range count {
			if equal := repositories / shards; n < equal*7/10 || n > equal*13/10 {
				t.Errorf("shard %d of %d has %d of %d repositories", shard, shards, n, repositories)
			}
		}
	}
}
