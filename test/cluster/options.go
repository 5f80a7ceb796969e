package cluster

import (
	"io"
	"os"
)

// Options say how a cluster starts. The zero value is what most tests want.
type Options struct {
	// Dir holds all files of the cluster: data, logs, keys, kubeconfig. A folder
	// that a cluster has been stopped in starts again with its data. The default
	// is a new temporary folder, removed by Stop.
	Dir string
	// Nodes is the number of nodes, each good for 10000 Pods. The default is 1.
	Nodes int
	// Address is where the API server and the registry listen; the default is
	// 127.0.0.1. With another one the nodes are the caller's, and real: Pods reach both
	// by it, the API server reaches Pods and Services by the network and not by
	// routes, and no kubelet is played. Nodes counts for nothing then.
	Address string
	// Kubernetes is the version of API server, controller manager, scheduler and kubectl, one
	// of OlderVersions. The default is the version that all else is made of.
	Kubernetes string
	// Helm is the path of the Helm that Cluster.Helm runs. The default is the one that
	// BuildHelm builds or finds.
	Helm string
	// NoCertManager leaves cert-manager and its CRDs out.
	NoCertManager bool
	// LessCollection lets the parts, and the programs that StartProcess starts, collect garbage
	// a quarter as often, the parts up to a gigabyte each, which saves CPU time: for tests, and
	// not for what is measured.
	LessCollection bool
	// APIServerFlags are added to the API server's own, as "--name=value".
	APIServerFlags []string
	// EtcdFlags are added to etcd's own, as "--name=value".
	EtcdFlags []string
	// Log gets what takes long, line by line. The default is os.Stderr.
	Log io.Writer
}

func (o Options) withDefaults() Options {
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.Address == "" {
		o.Address = loopbackAddress
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	return o
}
