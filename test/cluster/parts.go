package cluster

import (
	"fmt"
	"strings"
)

// The parts, by the names of their logs and pid files. All run in the cluster's
// folder: file names are relative to it, because the path of a Unix socket may
// have 107 bytes only.
const (
	partEtcd        = "etcd"
	partAPIServer   = "kube-apiserver"
	partControllers = "kube-controller-manager"
	partScheduler   = "kube-scheduler"
	partRegistry    = "registry"
	partEgress      = "egress"
	partKubelet     = "kubelet"
	partCertManager = "certmanager"
)

// ServiceAddresses are those that Services get.
const ServiceAddresses = "10.96.0.0/16"

// stopOrder: clients of the API server first, etcd last. What stands together
// is stopped at the same time.
func stopOrder() [][]string {
	return [][]string{
		{partCertManager, partKubelet, partRegistry, partScheduler, partControllers},
		{partAPIServer, partEgress},
		{partEtcd},
	}
}

// controlPlane is a part that is in the all-in-one program.
func (c *Cluster) controlPlane(name string, flags ...string) program {
	return program{name: name, path: c.binaries.Path(controlPlane), args: append([]string{name}, flags...)}
}

// versioned is a part of the version that Options.Kubernetes names.
func (c *Cluster) versioned(name string, flags ...string) program {
	p := c.controlPlane(name, flags...)
	p.path = c.kubernetes.Path(controlPlane)
	return p
}

// etcd may be a program of this machine.
func (c *Cluster) etcd() program {
	client, peer := "http://"+loopback(c.ports.Etcd), "http://"+loopback(c.ports.Peer)
	return program{name: partEtcd, path: c.binaries.Path(partEtcd), args: append([]string{
		"--name=e0", "--data-dir=etcd.data", "--log-level=warn",
		"--unsafe-no-fsync", // a power cut may lose a test's data
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=e0=" + peer,
	}, c.etcdFlags...)}
}

func (c *Cluster) apiServer() program {
	p := c.versioned(partAPIServer,
		"--etcd-servers=http://"+loopback(c.ports.Etcd),
		"--bind-address="+c.address, "--advertise-address="+c.address, fmt.Sprintf("--secure-port=%d", c.ports.API),
		"--tls-cert-file=keys/apiserver.crt", "--tls-private-key-file=keys/apiserver.key",
		"--token-auth-file=keys/tokens.csv", "--authorization-mode=RBAC",
		"--service-cluster-ip-range="+ServiceAddresses, "--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=keys/sa.key", "--service-account-signing-key-file=keys/sa.key",
		"--audit-policy-file=audit.yaml", "--audit-log-path="+auditLog,
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000")
	if c.played() {
		p.args = append(p.args, "--egress-selector-config-file=egress.yaml",
			// Any other reconciler refuses to publish a loopback address.
			"--endpoint-reconciler-type=none")
	} else {
		// No DNS knows the nodes' names.
		p.args = append(p.args, "--kubelet-preferred-address-types=InternalIP")
	}
	p.args = append(p.args, c.flags...)
	return p
}

// egress carries the API server's calls of Service webhooks to the test's
// processes; see Route.
func (c *Cluster) egress() program {
	return program{name: partEgress, path: c.binaries.Path("egress"), args: []string{
		"-socket", egressSocket, "-routes", routesFile,
		"-api", "https://" + loopback(c.ports.API), "-ca", "keys/ca.crt", "-token-file", "keys/token",
	}}
}

// controllers: without the rates, a mass rollout waits for the client's own
// limit instead of for the API server. Each has its own account, as kubeadm
// starts them, so that admission can tell them from people.
func (c *Cluster) controllers() program {
	return c.versioned(partControllers,
		"--kubeconfig=kubeconfig", "--secure-port=0", "--leader-elect=false",
		"--service-account-private-key-file=keys/sa.key", "--root-ca-file=keys/ca.crt",
		"--use-service-account-credentials", "--kube-api-qps=500", "--kube-api-burst=1000",
		"--concurrent-deployment-syncs=20", "--concurrent-replicaset-syncs=20")
}

func (c *Cluster) scheduler() program {
	return c.versioned(partScheduler,
		"--kubeconfig=kubeconfig", "--secure-port=0", "--leader-elect=false",
		"--kube-api-qps=500", "--kube-api-burst=1000")
}

// registry: without the exporters set to none it looks for a collector.
func (c *Cluster) registry() program {
	p := c.controlPlane(partRegistry, "serve", "registry.yaml")
	p.env = append(strings.Fields("OTEL_TRACES_EXPORTER=none OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"),
		"REGISTRY_HTTP_ADDR="+c.Registry)
	return p
}

// kubelet is the part that is played, for all nodes.
func (c *Cluster) kubelet() program {
	return c.controlPlane(partKubelet, "-kubeconfig", "kubeconfig")
}

func (c *Cluster) certManager() program {
	return c.controlPlane(partCertManager, "-kubeconfig", "kubeconfig")
}
