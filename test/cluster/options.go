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
	// NoCertManager leaves cert-manager and its CRDs out.
	NoCertManager bool
	// APIServerFlags are added to the API server's own, as "--name=value".
	APIServerFlags []string
	// Log gets what takes long, line by line. The default is os.Stderr.
	Log io.Writer
}

func (o Options) withDefaults() Options {
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	return o
}
