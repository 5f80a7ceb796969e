package access

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// ConfigOf finds the cluster as kubectl does: the flag, KUBECONFIG, the user's
// file, or the Pod's own. An empty context is the kubeconfig's current one.
func ConfigOf(kubeconfig, context string) clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context})
}

// Finding says why there is no cluster to ask. Of a context that was named and is not
// there, it tells which are.
func Finding(loading clientcmd.ClientConfig, context string, err error) error {
	if raw, unread := loading.RawConfig(); unread == nil && context != "" && raw.Contexts[context] == nil {
		err = fmt.Errorf("context %q does not exist; allowed: %s", context, listContexts(raw.Contexts))
	} else if clientcmd.IsEmptyConfig(err) { // its text advises a variable that kubectl has given up
		err = errors.New("no kubeconfig names one: " + looked(loading) + "; allowed: --kubeconfig, the variable KUBECONFIG, or the file ~/.kube/config")
	}
	return fmt.Errorf("finding the cluster: %w", err)
}

// looked tells what was found where a kubeconfig may be. client-go passes over files that
// are not there, which a misspelt KUBECONFIG names.
func looked(loading clientcmd.ClientConfig) string {
	files := loading.ConfigAccess().GetLoadingPrecedence()
	seen := make([]string, 0, len(files))
	for _, file := range files {
		text := "%q has no current-context"
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			text = "there is no %q"
		}
		seen = append(seen, fmt.Sprintf(text, file))
	}
	return strings.Join(seen, ", ")
}

// maxContexts is how many contexts are told.
const maxContexts = 20

func listContexts(contexts map[string]*clientcmdapi.Context) string {
	if len(contexts) == 0 {
		return "none, as no kubeconfig has one"
	}
	names := slices.Sorted(maps.Keys(contexts))
	text := strings.Join(names[:min(len(names), maxContexts)], ", ")
	if more := len(names) - maxContexts; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
