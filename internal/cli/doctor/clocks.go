package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	// maxSkew is more than an answer takes, and less than a Lease holds.
	maxSkew = 5 * time.Second
	// clockGrain is the API server's: it writes whole seconds of managed fields.
	clockGrain = time.Second

	// byThatClock is what goes by the clock of a node that webhooks or updaters run on.
	byThatClock = "Windows open and close, and minAge ends, by that clock; certificates are judged by it."
	setClock    = "set the clock of that node, from which the kubelet and the Pods have theirs: timedatectl set-ntp true"
)

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

// clocks compares clocks with the API server's: that of here by its answer, that of a webhook by
// the webhook's, and those of updaters and of the webhooks' nodes by their Leases, which have
// the holder's own time in them and the API server's beside.
func (d *Doctor) clocks(ctx context.Context) []Finding {
	var findings []Finding
	if skew := d.found.webhookSkew.Abs(); skew > maxSkew {
		findings = append(findings, d.podClock("service/"+webhookName, "the webhook that answers", skew))
	}
	if d.ServerTime != nil {
		server, took, err := d.ServerTime(ctx)
		if err != nil {
			return append(findings, unknownFinding("", err))
		}
		if skew := d.Now().Sub(server).Abs(); skew > maxSkew+took {
			findings = append(findings, Finding{
				Severity: Warning, Message: fmt.Sprintf("the clock here and the API server's are %s apart", skew.Round(time.Second)),
				Why: "Times that this program prints are wrong by that.", Mend: "set the clock of this machine: timedatectl set-ntp true",
			})
		}
	}
	findings = append(findings, d.nodeClocks(ctx)...)
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
			findings = append(findings, d.podClock("lease/"+lease.Name, podOf(ptr.Deref(lease.Spec.HolderIdentity, "its holder")), skew.Abs()))
		}
	}
	return findings
}

// podClock tells of the clock of one of Garboard's Pods.
func (d *Doctor) podClock(object, pod string, skew time.Duration) Finding {
	return Finding{
		Severity: Warning, Object: object,
		Message: fmt.Sprintf("the clock of %s and the API server's are %s apart", pod, skew.Round(time.Second)),
		Why:     byThatClock,
		Mend:    "set the clock of the node that the Pod runs on: kubectl -n " + d.Namespace + " get pods -o wide",
	}
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

// nodeClocks looks at the nodes that webhooks run on. Each kubelet renews a Lease.
func (d *Doctor) nodeClocks(ctx context.Context) []Finding {
	if d.found.webhook == nil {
		return nil
	}
	pods, err := d.Kube.CoreV1().Pods(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.found.webhook.Spec.Selector)})
	if err != nil {
		return []Finding{unknownFinding("pods", err)}
	}
	on := map[string]string{} // a Pod of each node
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.Spec.NodeName != "" {
			on[pod.Spec.NodeName] = pod.Name
		}
	}
	var findings []Finding
	for _, node := range slices.Sorted(maps.Keys(on)) {
		lease, err := d.Kube.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, node, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue // not every kubelet has one
		}
		if err != nil {
			return append(findings, Finding{Severity: Note, Message: "the clocks of the webhooks' nodes were not looked at: " + err.Error()})
		}
		if skew, known := skewOf(lease); known && skew.Abs() > maxSkew {
			findings = append(findings, Finding{
				Severity: Warning, Object: "node/" + node,
				Message: fmt.Sprintf("its clock and the API server's are %s apart, and %s runs there", skew.Abs().Round(time.Second), on[node]),
				Why:     byThatClock, Mend: setClock,
			})
		}
	}
	return findings
}

// webhookSkew is how far the clock of a webhook goes before the API server's, by the head of
// an answer on a connection that stands. It is 0 where that is not told, as to a client without
// the certificate that is asked for.
func (d *Doctor) webhookSkew(ctx context.Context, connection *tls.Conn) time.Duration {
	if d.ServerTime == nil {
		return 0
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+d.dnsName()+"/", http.NoBody)
	if err != nil {
		return 0
	}
	if deadline, ok := ctx.Deadline(); ok && connection.SetDeadline(deadline) != nil {
		return 0
	}
	request.Close = true
	if request.Write(connection) != nil {
		return 0
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }() // its head is all that counts
	there, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0
	}
	server, took, err := d.ServerTime(ctx)
	if err != nil {
		return 0
	}
	skew := there.Sub(server)
	if skew.Abs() <= maxSkew+took {
		return 0 // the two were not asked at the same time
	}
	return skew
}
