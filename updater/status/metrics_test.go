package status

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	testclock "k8s.io/utils/clock/testing"
)

func TestClientReadsTheMetricsOfAllOwners(t *testing.T) {
	forbidden := false
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pod, ok := strings.CutPrefix(r.URL.Path, "/api/v1/namespaces/garboard/pods/")
		switch {
		case strings.HasSuffix(r.URL.Path, "/leases"):
			list := coordinationv1.LeaseList{Items: led(lease("garboard-updater-shard-0", holder, 0), lease("garboard-updater-shard-1", "garboard-updater-other_1", time.Second))}
			list.APIVersion, list.Kind = "coordination.k8s.io/v1", "LeaseList"
			answer(w, http.StatusOK, list)
		case ok && strings.HasSuffix(pod, ":8080/proxy/metrics") && !forbidden:
			_, _ = w.Write([]byte("# of " + strings.TrimSuffix(pod, ":8080/proxy/metrics")))
		default:
			refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, "you may not")
		}
	}))
	defer api.Close()
	kube, err := kubernetes.NewForConfig(&rest.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{Kube: kube, Namespace: "garboard", Lease: "garboard-updater", Clock: testclock.NewFakePassiveClock(checked)}
	got, err := c.Metrics(t.Context())
	if err != nil || len(got) != 2 || string(got[0]) != "# of garboard-updater-7d4" || string(got[1]) != "# of garboard-updater-other" {
		t.Errorf("got %q, error %v", got, err)
	}
	forbidden = true
	const want = "asking the updater garboard/garboard-updater-7d4 for its metrics: you may not"
	if _, err := c.Metrics(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
