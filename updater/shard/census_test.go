package shard

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/internal/workload"
)

// lease is one that lasts for ten seconds, in the version that it has been
// renewed to.
func lease(name, holder string, shards, version int) coordinationv1.Lease {
	return coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: strconv.Itoa(version),
			Labels: map[string]string{workload.LabelShards: strconv.Itoa(shards)}},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: ptr.To[int32](10)},
	}
}

// seen is what of a view is compared.
type seen struct {
	Holders, Members, Strangers, Dead []string
	Single                            string
}

func (v view) seen() seen {
	s := seen{Holders: v.holders, Members: v.members, Strangers: v.otherDivisions, Single: v.single}
	for _, lease := range v.dead {
		s.Dead = append(s.Dead, lease.Name)
	}
	return s
}

func TestCensus(t *testing.T) {
	for name, test := range map[string]struct {
		leases []coordinationv1.Lease
		want   seen
	}{
		"nobody is there": {nil, seen{Holders: []string{"", ""}}},
		"members, in order, and their shards": {
			[]coordinationv1.Lease{
				lease(memberPrefix+"y", "b", 2, 1), lease(memberPrefix+"x", "a", 2, 1), lease(LeaseName(1), "a", 2, 1),
			},
			seen{Holders: []string{"", "a"}, Members: []string{"a", "b"}},
		},
		"a Lease that was given back is free": {
			[]coordinationv1.Lease{lease(LeaseName(0), "", 2, 1)}, seen{Holders: []string{"", ""}},
		},
		"another number of shards is another division": {
			[]coordinationv1.Lease{lease(memberPrefix+"x", "a", 3, 1), lease(LeaseName(2), "a", 3, 1), lease(LeaseName(0), "a", 3, 1)},
			seen{Holders: []string{"", ""}, Strangers: []string{memberPrefix + "x", LeaseName(2), LeaseName(0)}},
		},
		"what an earlier number left behind is nothing": {
			[]coordinationv1.Lease{lease(LeaseName(2), "", 3, 1)}, seen{Holders: []string{"", ""}},
		},
		"the updater without shards is at work": {
			[]coordinationv1.Lease{lease("single", "old", 0, 1)}, seen{Holders: []string{"", ""}, Single: "old"},
		},
		"other Leases are none of ours": {
			[]coordinationv1.Lease{lease("other", "x", 2, 1), lease(shardPrefix+"x", "a", 2, 1), lease(LeaseName(7), "a", 2, 1), lease(shardPrefix+"-1", "a", 2, 1)},
			seen{Holders: []string{"", ""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCensus(Options{Shards: 2, Single: "single"})
			if diff := cmp.Diff(test.want, c.look(test.leases, time.Unix(0, 0)).seen()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Without it, a member with a clock that is wrong takes what is held, or nobody
// ever takes what a dead one has left.
func TestLeaseRunsOutByTheTimeItIsNotRenewed(t *testing.T) {
	c, start := newCensus(Options{Shards: 1}), time.Unix(1000, 0)
	look := func(after time.Duration, version int) seen {
		return c.look([]coordinationv1.Lease{lease(LeaseName(0), "a", 1, version), lease(memberPrefix+"x", "a", 1, version)}, start.Add(after)).seen()
	}
	alive, gone := seen{Holders: []string{"a"}, Members: []string{"a"}}, seen{Holders: []string{""}, Dead: []string{memberPrefix + "x"}}
	for _, step := range []struct {
		after   time.Duration
		version int
		want    seen
	}{
		{0, 1, alive}, {9 * time.Second, 1, alive}, // first seen, whenever it was renewed
		{9500 * time.Millisecond, 2, alive}, {19 * time.Second, 2, alive}, {20 * time.Second, 2, gone},
		{21 * time.Second, 3, alive}, // it was only slow
	} {
		if diff := cmp.Diff(step.want, look(step.after, step.version)); diff != "" {
			t.Errorf("after %s, in version %d (-want +got)\n%s", step.after, step.version, diff)
		}
	}
}
