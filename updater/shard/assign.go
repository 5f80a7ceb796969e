package shard

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Of is the shard that a repository belongs to, of so many: the same in every
// process and release. A hash whose last bits are good is used, since few of
// them decide.
func Of(repository string, shards int) int {
	sum := sha256.Sum256([]byte(repository))
	return int(binary.BigEndian.Uint64(sum[:]) % uint64(max(shards, 1))) //nolint:gosec // less than shards, which is an int
}

// assignShards says which member each shard should go to. holders are the members that
// have the shards now, "" where none does. Members that are there keep what they
// have, as far as that leaves every member its equal part: two members differ by
// one shard at most. All who see the same come to the same answer.
func assignShards(holders, members []string) []string {
	quota := shardQuotas(holders, members)
	wanted := make([]string, len(holders))
	for i, holder := range holders {
		if quota[holder] > 0 {
			wanted[i] = holder
			quota[holder]--
		}
	}
	for i := range wanted {
		for _, member := range members {
			if wanted[i] == "" && quota[member] > 0 {
				wanted[i] = member
				quota[member]--
			}
		}
	}
	return wanted
}

// shardQuotas is how many shards each member should have. Where they cannot all have
// as many, those with the most keep one more, so that the fewest change hands.
func shardQuotas(holders, members []string) map[string]int {
	if len(members) == 0 {
		return nil
	}
	has := map[string]int{}
	for _, holder := range holders {
		has[holder]++
	}
	ranked := slices.Clone(members)
	slices.SortFunc(ranked, func(a, b string) int {
		return cmp.Or(cmp.Compare(has[b], has[a]), cmp.Compare(a, b))
	})
	each, more := len(holders)/len(members), len(holders)%len(members)
	quota := make(map[string]int, len(members))
	for rank, member := range ranked {
		quota[member] = each
		if rank < more {
			quota[member]++
		}
	}
	return quota
}
