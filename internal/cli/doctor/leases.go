package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	shardPrefix = updaterName + "-shard-"
)

// leases looks at who leads: an updater that holds no Lease does nothing.
func (d *Doctor) leases(ctx context.Context) []Finding {
	list, err := d.Kube.CoordinationV1().Leases(d.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return []Finding{unknownFinding("leases", err)}
	}
	now := d.serverNow(ctx)
	held := map[string]string{}
	for i := range list.Items {
		if lease := &list.Items[i]; holds(lease, now) {
			held[lease.Name] = *lease.Spec.HolderIdentity
		}
	}
	text, _ := flagValue(d.found.updater, "shards")
	shards, err := strconv.Atoi(text)
	if err != nil || shards <= 1 {
		return []Finding{d.leader(held)}
	}
	return d.owners(held, shards)
}

func (d *Doctor) leader(held map[string]string) Finding {
	object := "lease/" + updaterName
	if holder := held[updaterName]; holder != "" {
		return okFinding(object, "%s leads", podOf(holder))
	}
	return Finding{
		Severity: Failure, Object: object, Message: "no updater leads: the Lease has no holder, or it ran out", Why: "Registries are not watched: a workload moves only when it is applied.",
		Mend: fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods --tail=20; kubectl -n %s rollout restart deployment/%s", d.Namespace, updaterName, d.Namespace, updaterName),
	}
}

func (d *Doctor) owners(held map[string]string, shards int) []Finding {
	var missing []string
	for shard := range shards {
		if held[shardPrefix+strconv.Itoa(shard)] == "" {
			missing = append(missing, strconv.Itoa(shard))
		}
	}
	if len(missing) == 0 {
		return []Finding{okFinding("", "each of %d shards has an owner", shards)}
	}
	return []Finding{{
		Severity: Failure, Object: "leases", Message: "no updater owns the shards " + strings.Join(missing, ", "),
		Why: "The repositories of these shards are not watched.", Mend: fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods --tail=20", d.Namespace, updaterName),
	}}
}

// podOf is the Pod of a Lease's holder, NAME_UID.
func podOf(holder string) string {
	pod, _, _ := strings.Cut(holder, "_")
	return pod
}

// holds reports whether a Lease is held: it has a holder, and has not run out.
func holds(lease *coordinationv1.Lease, now time.Time) bool {
	s := lease.Spec
	if ptr.Deref(s.HolderIdentity, "") == "" || s.RenewTime == nil {
		return false
	}
	return now.Before(s.RenewTime.Add(time.Duration(ptr.Deref(s.LeaseDurationSeconds, 0))*time.Second + maxSkew))
}
