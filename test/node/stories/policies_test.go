package stories

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/node/sandbox"
)

// controlPlane are the addresses that the chart is told API servers connect from: that of the
// one here, and those of the second worker's Pods, of which one plays another. The first one
// is on the node, which no NetworkPolicy stops, and would prove nothing.
const controlPlane = sandbox.Address + "/32, 10.78.2.0/24"

// holdPolicies starts what holds the NetworkPolicies of the first worker's Pods. The two
// workers have one network, and so one set of rules.
func (n *node) holdPolicies(t *testing.T) {
	program, err := cluster.BuildNetworkPolicies(t.Context(), os.Stderr)
	must(t, err)
	// Debian's packages are only unpacked, so that the links that their scripts make are not there.
	tools := t.TempDir()
	for _, tool := range []string{"iptables", "iptables-save", "iptables-restore"} {
		must(t, os.Symlink("/usr/sbin/xtables-nft-multi", filepath.Join(tools, tool)))
	}
	_, err = n.StartProcess("networkpolicy", program, []string{"PATH=" + tools + ":" + os.Getenv("PATH")},
		"--kubeconfig="+n.Kubeconfig, "--node="+n.workers[0].Name, "--services="+cluster.ServiceAddresses)
	must(t, err)
}

// letIn asks, from Pods, who reaches which port of Garboard's, with the chart's NetworkPolicies.
// The kubelet's probes, the API server's writes and "garboard status" are what the other
// stories do.
func (n *node) letIn(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "ipset", "list", "-name").CombinedOutput(); err != nil {
		t.Skipf("this kernel has no sets of addresses, by which NetworkPolicies are held: %v: %s", err, out)
	}
	m := n.newTeam(t, "strangers")
	must(t, m.release(t.Context(), m.repository(), "1.2.0"))
	for who, worker := range map[string]string{"stranger": n.workers[0].Name, "api-server": n.workers[1].Name} {
		n.apply(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":%q},
			"spec":{"nodeName":%q,"containers":[{"name":"web","image":%q}]}}`, who, m.name, worker, m.image("1.2.0")))
	}
	n.kubectl(t, "-n "+m.name+" wait --for=condition=Ready pod/stranger pod/api-server --timeout=2m")
	const https, metrics, health, status = "9443", "8080", "8081", "8082"
	all := map[string]string{}
	for _, row := range []struct{ who, component, port, want string }{
		{"stranger", "webhook", https, "refused"},
		{"api-server", "webhook", https, "let in"},
		{"stranger", "updater", status, "refused"},
		{"api-server", "updater", status, "let in"},
		{"stranger", "webhook", metrics, "let in"},
		{"stranger", "updater", metrics, "let in"},
		{"stranger", "webhook", health, "refused"},
		{"stranger", "updater", health, "refused"},
		{"api-server", "webhook", health, "refused"},
	} {
		all[row.who+" to port "+row.port+" of the "+row.component] = row.want
		n.until(t, "who is let in", func(ctx context.Context) error {
			return n.wantDial(ctx, m.name, row.who, row.component, row.port, row.want)
		})
	}
	t.Logf("held: %s", strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	// Pods that no policy selects are open to all.
	pod, err := n.Client().CoreV1().Pods(m.name).Get(t.Context(), "api-server", metav1.GetOptions{})
	must(t, err)
	if got := n.dial(t.Context(), m.name, "stranger", pod.Status.PodIP, "8080"); got != "let in" {
		t.Errorf("a Pod without a policy: %s", got)
	}
}

// wantDial asks each Pod of a component.
func (n *node) wantDial(ctx context.Context, namespace, who, component, port, want string) error {
	pods, err := n.Client().CoreV1().Pods("garboard").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=" + component})
	if err != nil {
		return err
	}
	if len(pods.Items) == 0 {
		return fmt.Errorf("there is no %s", component)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Status.Phase != corev1.PodRunning || pod.Spec.NodeName != n.workers[0].Name {
			return fmt.Errorf("%s is %s on %s", pod.Name, pod.Status.Phase, pod.Spec.NodeName)
		}
		if got := n.dial(ctx, namespace, who, pod.Status.PodIP, port); got != want {
			return fmt.Errorf("%s to port %s of %s: %s, want %s", who, port, pod.Name, got, want)
		}
	}
	return nil
}

// dial connects from within a Pod, and returns what came of it.
func (n *node) dial(ctx context.Context, namespace, who, address, port string) string {
	out, said, err := n.Kubectl(ctx, "", "-n", namespace, "exec", who, "--", "/app", "dial", net.JoinHostPort(address, port))
	if err != nil {
		return err.Error() + said
	}
	return strings.TrimSpace(out)
}
