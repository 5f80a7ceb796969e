package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/shard"
)

// shardInfix stands between the name of the one Lease and the number of a shard,
// where several updaters share the work.
const shardInfix = "-shard-"

// owners are the Pods that do the updater's work: the one that leads, or those that
// share the repositories, each by Leases of its own.
type owners struct {
	pods []string
	// shards is how many those say that there are; owned are those that they have.
	shards int
	owned  map[int]bool
	// single: one does all the work, even if others still have shards.
	single bool
}

// missing are the shards without an owner, in order.
func (o *owners) missing() []int {
	var missing []int
	for number := range o.shards {
		if !o.owned[number] && !o.single {
			missing = append(missing, number)
		}
	}
	return missing
}

// has notes who holds a Lease.
func (o *owners) has(lease *coordinationv1.Lease, name, pod string) {
	if !slices.Contains(o.pods, pod) {
		o.pods = append(o.pods, pod)
	}
	number, err := strconv.Atoi(name)
	of, errOf := strconv.Atoi(lease.Labels[workload.LabelShards])
	if err == nil && errOf == nil && of <= shard.Max {
		o.owned[number], o.shards = true, max(o.shards, of)
	}
}

func (c *Client) owners(ctx context.Context) (*owners, error) {
	list, err := c.Kube.CoordinationV1().Leases(c.Namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("finding the updater: %w; the Role garboard-status allows it", err)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the updater: %w", err)
	}
	found := &owners{owned: map[int]bool{}}
	var idle error
	for i := range list.Items {
		lease := &list.Items[i]
		name, isShard := strings.CutPrefix(lease.Name, c.Lease+shardInfix)
		if lease.Name != c.Lease && !isShard {
			continue
		}
		pod, err := c.holder(lease)
		if err != nil {
			idle = fmt.Errorf("the Lease %s/%s %w", c.Namespace, lease.Name, err)
			continue
		}
		found.has(lease, name, pod)
		found.single = found.single || !isShard
	}
	switch {
	case len(found.pods) > 0:
		return found, nil
	case idle == nil:
		return nil, fmt.Errorf("there is no Lease %s/%s: no updater has run in that namespace; name Garboard's with --garboard-namespace", c.Namespace, c.Lease)
	default:
		return nil, fmt.Errorf("no updater leads: %w; see: kubectl -n %s get pods -l app.kubernetes.io/component=updater", idle, c.Namespace)
	}
}

// holder is the Pod that holds a Lease. Its identity is the host name of the
// process, which in a Pod is the Pod's name, and a number of its own.
func (c *Client) holder(lease *coordinationv1.Lease) (string, error) {
	pod, _, _ := strings.Cut(ptr.Deref(lease.Spec.HolderIdentity, ""), "_")
	if pod == "" {
		return "", errors.New("has no holder")
	}
	clocked := c.Clock
	if clocked == nil {
		clocked = clock.RealClock{}
	}
	seconds := time.Duration(ptr.Deref(lease.Spec.LeaseDurationSeconds, 0)) * time.Second
	renewed := ptr.Deref(lease.Spec.RenewTime, metav1.MicroTime{}).Time
	if age := clocked.Since(renewed); age > 2*seconds { // clocks differ
		return "", fmt.Errorf("was renewed last %s ago, by %s", age.Round(time.Second), pod)
	}
	return pod, nil
}
