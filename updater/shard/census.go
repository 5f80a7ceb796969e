package shard

import (
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/internal/workload"
)

// view is what the Leases say at a moment.
type view struct {
	// holders has the identity that holds each shard, "" where none does.
	holders []string
	// ranOut has what the Leases say whose holders went without a word.
	ranOut map[int]resourcelock.LeaderElectionRecord
	// members are those that are alive, in order.
	members []string
	// otherDivisions are the Leases of updaters that divide the repositories otherwise,
	// and single tells whether one that does not divide them is at work.
	otherDivisions []string
	single         string
	// dead are the Leases of members that went without a word.
	dead []coordinationv1.Lease
}

// census judges which Leases are held. As in client-go's leader election, a Lease
// has run out when it was not seen to be renewed for as long as it says: the clocks
// of others are not trusted.
type census struct {
	shards int
	single string
	// seen is when each Lease was first seen in its present version.
	seen map[string]sighting
}

type sighting struct {
	version string
	at      time.Time
}

func newCensus(o Options) *census {
	return &census{shards: o.Shards, single: o.Single, seen: map[string]sighting{}}
}

// look reads all Leases of the namespace.
func (c *census) look(leases []coordinationv1.Lease, now time.Time) view {
	v := view{holders: make([]string, c.shards), ranOut: map[int]resourcelock.LeaderElectionRecord{}}
	there := make(map[string]sighting, len(leases))
	for i := range leases {
		lease := &leases[i]
		last, ok := c.seen[lease.Name]
		if !ok || last.version != lease.ResourceVersion {
			last = sighting{lease.ResourceVersion, now}
		}
		there[lease.Name] = last
		held := ptr.Deref(lease.Spec.HolderIdentity, "") != "" &&
			now.Sub(last.at) < time.Duration(ptr.Deref(lease.Spec.LeaseDurationSeconds, 0))*time.Second
		c.place(&v, lease, held)
	}
	c.seen = there
	slices.Sort(v.members)
	return v
}

// place notes what one Lease says.
func (c *census) place(v *view, lease *coordinationv1.Lease, held bool) {
	number, isShard := strings.CutPrefix(lease.Name, shardPrefix)
	isMember := strings.HasPrefix(lease.Name, memberPrefix)
	holder := ptr.Deref(lease.Spec.HolderIdentity, "")
	switch {
	case lease.Name == c.single && held:
		v.single = holder
	case isMember && !held:
		v.dead = append(v.dead, *lease)
	case isShard && !held && holder != "":
		if shard, ok := c.number(number); ok {
			v.ranOut[shard] = *resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
		}
	case !held || !isShard && !isMember:
		// not held, or none of ours
	case lease.Labels[workload.LabelShards] != strconv.Itoa(c.shards):
		v.otherDivisions = append(v.otherDivisions, lease.Name)
	case isMember:
		v.members = append(v.members, holder)
	default:
		if shard, ok := c.number(number); ok {
			v.holders[shard] = holder
		}
	}
}

func (c *census) number(text string) (shard int, ok bool) {
	shard, err := strconv.Atoi(text)
	return shard, err == nil && shard >= 0 && shard < c.shards
}
