package cluster

import (
	"context"
	"io"
)

// nodePrograms is a kubelet and a kube-proxy in one program: its first argument says which.
const nodePrograms = "node"

// BuildNode returns the path of a program that is kubelet and kube-proxy of the control
// plane's version, by its first argument. It comes from the cache, as Helm does; it is
// no part of Build, since played nodes need none.
func BuildNode(ctx context.Context, log io.Writer) (string, error) {
	source, err := findSource()
	if err != nil {
		return "", err
	}
	entry, err := buildEntry(ctx, log, source, entryKind{"node", "kubelet and kube-proxy", isNodeSource}, builder.node)
	return Binaries{entry}.Path(nodePrograms), err
}

func (b builder) node(ctx context.Context) error {
	flags, err := b.requiredVersionFlags(ctx)
	if err != nil {
		return err
	}
	return b.build(ctx, "kubelet and kube-proxy", "./node", flags...)
}
