package main

import (
	"fmt"
	"os"
	"strings"
)

// podNamespaceFile is where a Pod finds the name of its namespace.
const podNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// ownNamespace is the one that Garboard runs in: that of the flag, or the Pod's. Outside
// of a Pod, and without the flag, the error wraps os.ErrNotExist.
func (o *leaseOptions) ownNamespace() (string, error) {
	return namespaceOr(o.namespace, "leader-elect-namespace")
}

// namespaceOr is the namespace that a flag names, or the Pod's.
func namespaceOr(named, flag string) (string, error) {
	if named != "" {
		return named, nil
	}
	text, err := os.ReadFile(podNamespaceFile)
	if err != nil {
		return "", fmt.Errorf("finding Garboard's own namespace (--%s names it outside of a Pod): %w", flag, err)
	}
	return strings.TrimSpace(string(text)), nil
}
