package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	core "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"
)

// runWebhook puts a Pod of the webhook on a node whose clock goes before the API server's by so
// much.
func (w *world) runWebhook(pod, node string, before time.Duration) {
	renewed := metav1.NewMicroTime(w.now.Add(before))
	w.more = append(w.more,
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: "garboard", Labels: w.webhook.Spec.Template.Labels},
			Spec:       corev1.PodSpec{NodeName: node},
		},
		&coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: node, Namespace: corev1.NamespaceNodeLease, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet", Time: ptr.To(metav1.NewTime(w.now))}}},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To(node), RenewTime: &renewed},
		})
}

// answerAt has the webhook's port answer with a clock that goes before the API server's.
func (w *world) answerAt(t *testing.T, before time.Duration) func(context.Context) (net.Conn, error) {
	t.Helper()
	pair, err := tls.X509KeyPair(w.secret.Data[corev1.TLSCertKey], w.secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Date", w.now.Add(before).Format(http.TimeFormat))
		http.NotFound(rw, r)
	})}
	go func() { _ = server.Serve(listener) }() // until the test ends
	t.Cleanup(func() { _ = server.Close() })
	return dialer(listener.Addr().String())
}

func TestDoctorComparesTheWebhooksClocks(t *testing.T) {
	const apart = "the clock of the webhook that answers and the API server's are 9s apart"
	for name, tt := range map[string]struct {
		breaks func(t *testing.T, w *world)
		want   []found
	}{
		"a webhook whose clock goes before": {
			func(t *testing.T, w *world) { w.dial = w.answerAt(t, 9*time.Second) },
			[]found{{Warning, "clocks", "service/garboard-webhook", apart, "kubectl -n garboard get pods -o wide"}},
		},
		"a webhook whose clock goes after": {
			func(t *testing.T, w *world) { w.dial = w.answerAt(t, -9*time.Second) },
			[]found{{Warning, "clocks", "service/garboard-webhook", apart, ""}},
		},
		"a webhook whose clock is right": {func(t *testing.T, w *world) { w.dial = w.answerAt(t, 2*time.Second) }, nil},
		"nodes, of which one's clock is wrong": {
			func(_ *testing.T, w *world) {
				w.runWebhook("webhook-a", "node-a", 0)
				w.runWebhook("webhook-b", "node-b", -time.Minute)
			},
			[]found{{Warning, "clocks", "node/node-b", "its clock and the API server's are 1m0s apart, and webhook-b runs there", "timedatectl set-ntp true"}},
		},
		"a node that has no Lease": {
			func(_ *testing.T, w *world) {
				w.runWebhook("webhook-a", "node-a", time.Minute)
				w.more = w.more[:len(w.more)-1]
			},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.breaks(t, w)
			compare(t, tt.want, w.examine(t, "garboard"))
		})
	}
}

func TestDoctorMayNotReadLeasesOfNodes(t *testing.T) {
	w := newWorld(t)
	w.runWebhook("webhook-a", "node-a", time.Minute)
	w.react = func(action core.Action) (bool, runtime.Object, error) {
		return action.Matches("get", "leases") && action.GetNamespace() == corev1.NamespaceNodeLease, nil, forbidden("leases")
	}
	report := w.examine(t, "garboard")
	compare(t, nil, report)
	if text := reportText(report, false); !strings.Contains(text, "the clocks of the webhooks' nodes were not looked at: leases") {
		t.Errorf("nothing tells it:\n%s", text)
	}
}
