package cluster

import (
	"context"
	"io"
)

// nodePrograms is a kubelet and a kube-proxy in one program: its first argument says which.
const nodePrograms = "node"

// networkPolicies is the module, and the program, that holds NetworkPolicies.
const networkPolicies = "networkpolicy"

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

// BuildNetworkPolicies returns the path of a program that holds the NetworkPolicies of a node:
// the CNI plugins that come with a container runtime do not. It comes from the cache, as
// Helm does.
func BuildNetworkPolicies(ctx context.Context, log io.Writer) (string, error) {
	source, err := findModule(networkPolicies)
	if err != nil {
		return "", err
	}
	build := func(b builder, ctx context.Context) error { return b.build(ctx, "NetworkPolicies", ".") }
	counts := func(name string) bool { return isRequirement(name) || isCode(name) }
	entry, err := buildEntry(ctx, log, source, entryKind{networkPolicies, "what holds NetworkPolicies", counts}, build)
	return Binaries{entry}.Path(networkPolicies), err
}
