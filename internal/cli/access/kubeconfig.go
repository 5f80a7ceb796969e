package access

import "k8s.io/client-go/tools/clientcmd"

// ConfigOf finds the cluster as kubectl does: the flag, KUBECONFIG, the user's
// file, or the Pod's own.
func ConfigOf(kubeconfig string) clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{})
}
