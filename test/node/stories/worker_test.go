package stories

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
	"github.com/garboard-dev/garboard/test/node/sandbox"
)

// readyLimit bounds the start of a node.
const readyLimit = 2 * time.Minute

// worker is a node: a container runtime and a kubelet. All of them share one network,
// and one kube-proxy.
type worker struct {
	Name, Address string
	Number        int
	Dir           string // its files
	Cgroup        string
	Node          *node

	runtime, kubelet *cluster.Process
}

// facts are what the configuration of a worker depends on.
func (w *worker) facts() map[string]any {
	return map[string]any{
		"Worker": w, "DNS": sandbox.Address, "Registry": w.Node.Registry, "Kubeconfig": w.Node.Kubeconfig,
		"Unified": w.Node.cgroups.Unified, "MayRaisePriority": w.Node.mayRaisePriority,
	}
}

const runtimeConfig = `version = 2
root = "{{.Worker.Dir}}/containerd"
state = "/run/containerd-{{.Worker.Number}}"
[grpc]
  address = "{{.Worker.Dir}}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{{.Worker.Dir}}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{{.Registry}}/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = {{not .MayRaisePriority}}
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{{.Worker.Dir}}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{{.Worker.Dir}}/registries"
`

// networkConfig: the plain bridge enforces no NetworkPolicy.
const networkConfig = `{"cniVersion": "1.0.0", "name": "pods-{{.Worker.Number}}", "plugins": [{
  "type": "bridge", "bridge": "cni{{.Worker.Number}}", "isGateway": true, "isDefaultGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.78.{{.Worker.Number}}.0/24"}]]}
}]}
`

// mirrorConfig has the images of every registry come from the cluster's own.
const mirrorConfig = `server = "http://{{.Registry}}"
[host."http://{{.Registry}}"]
  capabilities = ["pull", "resolve"]
`

// kubeletConfig leaves all that users see of a kubelet as it is by default.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: {{.Worker.Address}}
healthzPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://{{.Worker.Dir}}/containerd.sock
clusterDNS: [{{.DNS}}]
clusterDomain: cluster.local
cgroupDriver: cgroupfs
cgroupRoot: {{.Worker.Cgroup}}
{{if not .Unified}}failCgroupV1: false
{{end}}failSwapOn: false
podLogsDir: {{.Worker.Dir}}/logs
resolvConf: {{.Worker.Dir}}/resolv.conf
volumePluginDir: {{.Worker.Dir}}/plugins
makeIPTablesUtilChains: false
serializeImagePulls: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
`

// proxyConfig: what Pods of one bridge send each other by a Service has to come back by
// this network, too, and not by the bridge alone.
const proxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: {{.Worker.Name}}
clientConnection: {kubeconfig: {{.Kubeconfig}}}
detectLocalMode: ClusterCIDR
clusterCIDR: 10.78.0.0/16
nodePortAddresses: [{{.Worker.Address}}/32]
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nftables: {masqueradeAll: true}
`

// newWorker writes what a worker reads.
func (n *node) newWorker(number int, address string) (*worker, error) {
	w := &worker{
		Name: fmt.Sprintf("worker-%d", number), Address: address, Number: number, Node: n,
		Dir: filepath.Join(n.dir, fmt.Sprint(number)), Cgroup: fmt.Sprintf("/%s/%d", filepath.Base(n.dir), number),
	}
	if err := n.cgroups.Make(w.Cgroup); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"containerd.toml": runtimeConfig, "cni/bridge.conflist": networkConfig, "kubelet.yaml": kubeletConfig, "kube-proxy.yaml": proxyConfig,
		"registries/_default/hosts.toml": mirrorConfig, "resolv.conf": "",
	} {
		at := filepath.Join(w.Dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			return nil, err
		}
		filled, err := fill(text, w.facts())
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(at, []byte(filled), 0o600); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// fill is a configuration with the facts of a worker.
func fill(text string, facts map[string]any) (string, error) {
	var filled strings.Builder
	err := template.Must(template.New("").Parse(text)).Execute(&filled, facts)
	return filled.String(), err
}

// start starts runtime and kubelet, and returns when the node is ready.
func (w *worker) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	containerd, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	since := time.Now()
	w.runtime, err = w.Node.StartProcess("containerd-"+w.Name, containerd, nil, "--config", filepath.Join(w.Dir, "containerd.toml"))
	if err != nil {
		return err
	}
	if err := w.awaitRuntime(ctx); err != nil {
		return err
	}
	// A kubelet ends where the runtime is not ready to answer yet; service managers start it
	// again.
	for {
		w.kubelet, err = w.Node.StartProcess("kubelet-"+w.Name, w.Node.programs, nil, "kubelet",
			"--config", filepath.Join(w.Dir, "kubelet.yaml"), "--kubeconfig", w.Node.Kubeconfig,
			"--hostname-override", w.Name, "--node-ip", w.Address, "--root-dir", filepath.Join(w.Dir, "kubelet"))
		if err != nil {
			return err
		}
		if err = w.awaitReady(ctx, since); err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// awaitRuntime asks at its socket: one before it has left the file of its own.
func (w *worker) awaitRuntime(ctx context.Context) error {
	ctx, cancel := while(ctx, w.runtime)
	defer cancel()
	return installation.Until(ctx, "the container runtime", func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(w.Dir, "containerd.sock"))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// while is a context that ends with a process.
func while(ctx context.Context, p *cluster.Process) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// awaitReady waits for what this kubelet says, not for what one before it said: it renews
// its Lease at once, and its status only where that changes.
func (w *worker) awaitReady(ctx context.Context, since time.Time) error {
	ctx, cancel := while(ctx, w.kubelet)
	defer cancel()
	return installation.Until(ctx, w.Name+" to be ready", func(ctx context.Context) error {
		node, err := w.Node.Client().CoreV1().Nodes().Get(ctx, w.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, taint := range node.Spec.Taints {
			return fmt.Errorf("it has the taint %s", taint.Key)
		}
		for _, c := range node.Status.Conditions {
			if c.Type != corev1.NodeReady {
				continue
			}
			if c.Status != corev1.ConditionTrue {
				return fmt.Errorf("it is not: %s", c.Message)
			}
			lease, err := w.Node.Client().CoordinationV1().Leases("kube-node-lease").Get(ctx, w.Name, metav1.GetOptions{})
			if err == nil && lease.Spec.RenewTime.Time.Before(since) {
				err = fmt.Errorf("its Lease is of %s", lease.Spec.RenewTime)
			}
			return err
		}
		return errors.New("it says nothing of it")
	})
}

// crash ends runtime and kubelet as a crash does; containers run on without them.
func (w *worker) crash() error { return errors.Join(w.kubelet.Kill(), w.runtime.Kill()) }
