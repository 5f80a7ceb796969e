// Package shard divides the repositories over several updaters. Each of a number
// of shards has a Lease, and its holder is the only one to work on the
// shard's repositories. The members, which are the replicas of the updater, find
// one another by a Lease each, and spread the shards evenly over those that are
// there.
//
// That a shard has one owner rests on its Lease alone, by the leader election of
// client-go. Who should have which shard is no more than a wish that all members
// work out alike: two who see different things want the same shard, and one of
// them waits.
package shard

import (
	"fmt"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/workload"
)

// Max is how many shards there may be. Each Lease is written every few seconds:
// more of them would cost the API server more than they save the updaters.
const Max = 32

// The names of the Leases: one for each shard, and one for each member.
const (
	shardPrefix  = "garboard-updater-shard-"
	memberPrefix = "garboard-updater-member-"
)

// LeaseName is the name of a shard's Lease.
func LeaseName(shard int) string { return fmt.Sprintf("%s%d", shardPrefix, shard) }

// Options are what a Member is made of.
type Options struct {
	// Leases writes the Leases. Its requests should take no longer than half of
	// the RenewDeadline.
	Leases coordinationv1client.LeasesGetter
	// Namespace is where the Leases are: Garboard's own.
	Namespace string
	// Shards is how many there are, up to Max. All members must say the same.
	Shards int
	// Single is the name of the Lease that an updater without shards holds. While
	// it is held, no member works.
	Single string
	// Identity tells this process from all others, also from one that ran in the
	// same Pod before. The default is the host's name with something random.
	Identity string
	// LeaseDuration is how long the others wait for an owner that is gone, in
	// whole seconds.
	LeaseDuration time.Duration
	// RenewDeadline is how long an owner goes on that cannot renew its Lease; less
	// than LeaseDuration.
	RenewDeadline time.Duration
	// RetryPeriod is how often Leases are renewed and looked at.
	RetryPeriod time.Duration
	// Clock is the time. The default is the real one; the election inside has
	// always that.
	Clock clock.Clock
}

func (o Options) withDefaults() (Options, error) {
	if o.Shards < 1 || o.Shards > Max {
		return o, fmt.Errorf("sharding: %d shards: allowed: 1 to %d", o.Shards, Max)
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Identity == "" {
		host, err := os.Hostname()
		if err != nil {
			return o, fmt.Errorf("finding the name of this host: %w", err)
		}
		o.Identity = host + "_" + rand.String(10)
	}
	return o, nil
}

// labels stand on each Lease, so that members with another number of shards are
// told by it.
func (o *Options) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": "garboard", "app.kubernetes.io/component": "updater",
		workload.LabelShards: fmt.Sprint(o.Shards),
	}
}

// memberLease is the name of this member's Lease. An identity may be no name for
// an object, so only its random end is used.
func (o *Options) memberLease() metav1.ObjectMeta {
	end := o.Identity[strings.LastIndexByte(o.Identity, '_')+1:]
	return metav1.ObjectMeta{Name: memberPrefix + end, Namespace: o.Namespace, Labels: o.labels()}
}
