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
	// maxSkew is more than an answer takes, and less than a Lease holds.
	maxSkew = 5 * time.Second
	// clockGrain is the API server's: it writes whole seconds of managed fields.
	clockGrain = time.Second
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

// serverNow is the time of the API server, or of here where that is not told.
func (d *Doctor) serverNow(ctx context.Context) time.Time {
	if d.ServerTime == nil {
		return d.Now()
	}
	now, _, err := d.ServerTime(ctx)
	if err != nil {
		return d.Now()
	}
	return now
}

// clocks compares clocks with the API server's: that of here by its answer, that of the
// updater by its Lease, which has the updater's own time in it and the API server's beside.
func (d *Doctor) clocks(ctx context.Context) []Finding {
	var findings []Finding
	if d.ServerTime != nil {
		server, took, err := d.ServerTime(ctx)
		if err != nil {
			return []Finding{unknownFinding("", err)}
		}
		if skew := d.Now().Sub(server).Abs(); skew > maxSkew+took {
			findings = append(findings, Finding{
				Severity: Warning, Message: fmt.Sprintf("the clock here and the API server's are %s apart", skew.Round(time.Second)),
				Why: "Times that this program prints are wrong by that.", Mend: "set the clock of this machine: timedatectl set-ntp true",
			})
		}
	}
	list, err := d.Kube.CoordinationV1().Leases(d.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return append(findings, unknownFinding("leases", err))
	}
	for i := range list.Items {
		lease := &list.Items[i]
		if !strings.HasPrefix(lease.Name, updaterName) {
			continue
		}
		if skew, known := skewOf(lease); known && skew.Abs() > maxSkew {
			findings = append(findings, Finding{
				Severity: Warning, Object: "lease/" + lease.Name,
				Message: fmt.Sprintf("the clock of %s and the API server's are %s apart", podOf(ptr.Deref(lease.Spec.HolderIdentity, "its holder")), skew.Abs().Round(time.Second)),
				Why:     "Windows open and close, and minAge ends, by that clock; certificates are judged by it.",
				Mend:    "set the clock of the node that the Pod runs on: kubectl -n " + d.Namespace + " get pods -o wide",
			})
		}
	}
	return findings
}

// skewOf is how far the clock of a Lease's holder goes before the API server's, for the
// write that renewed it last.
func skewOf(lease *coordinationv1.Lease) (time.Duration, bool) {
	var written *metav1.Time
	for _, entry := range lease.ManagedFields {
		if entry.Time != nil && (written == nil || entry.Time.After(written.Time)) {
			written = entry.Time
		}
	}
	if written == nil || lease.Spec.RenewTime == nil {
		return 0, false
	}
	skew := lease.Spec.RenewTime.Sub(written.Time)
	if skew > 0 && skew <= clockGrain {
		return 0, true
	}
	return skew, true
}
