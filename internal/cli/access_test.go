package cli

import (
	"path/filepath"
	"testing"
)

// A user without a kubeconfig is told what to give.
func TestCommandsOfAClusterSayWhatNamesOne(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "absent"))
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	want := outcome{Code: 1, Err: "garboard: finding the cluster: no kubeconfig names one; allowed: --kubeconfig, the variable KUBECONFIG, or the file ~/.kube/config\n"}
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
