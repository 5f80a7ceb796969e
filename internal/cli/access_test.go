package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A user without a kubeconfig is told what to give.
func TestCommandsOfAClusterSayWhatNamesOne(t *testing.T) {
	absent, empty := filepath.Join(t.TempDir(), "absent"), filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("apiVersion: v1\nkind: Config\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", absent+string(filepath.ListSeparator)+empty)
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	want := outcome{Code: 1, Err: fmt.Sprintf("garboard: finding the cluster: no kubeconfig names one: there is no %q, %q has no current-context; "+
		"allowed: --kubeconfig, the variable KUBECONFIG, or the file ~/.kube/config\n", absent, empty)}
	for name, args := range map[string][]string{
		"status": {"status"}, "pending": {"pending"}, "approve": {"approve", "deployment/shop"}, "doctor": {"doctor"},
		"hold list": {"hold", "list"}, "history": {"history", "deployment/shop"}, "migrate keel": {"migrate", "keel"}, "page": {"page"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := garboard(t, nil, nil, args...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
