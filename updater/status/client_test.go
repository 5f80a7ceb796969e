package status

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	testclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
)

const proxied = "/api/v1/namespaces/garboard/pods/garboard-updater-7d4:8082/proxy/v1/status"

// lease is held by somebody who renewed it a while ago.
func lease(name, holder string, age time.Duration) coordinationv1.Lease {
	return coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: coordinationv1.LeaseSpec{
		HolderIdentity: &holder, LeaseDurationSeconds: ptr.To[int32](30), RenewTime: ptr.To(metav1.NewMicroTime(checked.Add(-age))),
	}}
}

// client asks an API server that has some Leases and answers the proxy as told,
// once each: with the standings, or with a reason and its message.
func client(t *testing.T, leases []coordinationv1.Lease, proxy ...string) *Client {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/namespaces/garboard/leases"):
			listLeases(w, leases)
		case r.URL.Path == proxied && len(proxy) > 0:
			now := proxy[0]
			proxy = proxy[1:]
			if now == "" {
				NewServer(Options{Standings: standings, Leads: leading(true)}).status(w, r)
				return
			}
			reason, message, _ := strings.Cut(now, " ")
			code := map[string]int32{"Forbidden": 403, "NotFound": 404}[reason]
			if code == 0 {
				code = http.StatusServiceUnavailable
			}
			refuse(w, code, metav1.StatusReason(reason), message)
		default:
			refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, r.URL.Path+" not found")
		}
	}))
	t.Cleanup(api.Close)
	kube, err := kubernetes.NewForConfig(&rest.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &Client{Kube: kube, Namespace: "garboard", Lease: "garboard-updater", Clock: testclock.NewFakePassiveClock(checked)}
}

// listLeases answers with Leases as an API server does.
func listLeases(w http.ResponseWriter, leases []coordinationv1.Lease) {
	list := coordinationv1.LeaseList{Items: leases}
	list.APIVersion, list.Kind = "coordination.k8s.io/v1", "LeaseList"
	answer(w, http.StatusOK, list)
}

// others are Leases that tell nothing of who leads.
var others = []coordinationv1.Lease{lease("garboard-updater-member-x", "garboard-updater-zzz_1", 0), lease("mine", "me", 0)}

func led(leases ...coordinationv1.Lease) []coordinationv1.Lease { return append(leases, others...) }

const holder = "garboard-updater-7d4_8a1b"

func TestClientAsksTheLeader(t *testing.T) {
	for name, test := range map[string]struct {
		leases []coordinationv1.Lease
		proxy  []string
	}{
		"that answers":                     {led(lease("garboard-updater", holder, 20*time.Second)), []string{""}},
		"again, where it has just changed": {led(lease("garboard-updater", holder, 20*time.Second)), []string{"NotLeading another replica leads", ""}},
		"once, where it has two shards": {
			led(lease("garboard-updater", "", 0), lease("garboard-updater-shard-0", holder, 0), lease("garboard-updater-shard-1", holder, 0)), []string{""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := client(t, test.leases, test.proxy...).List(t.Context(), "b")
			if err != nil || len(list.Items) != 1 || list.Items[0].Namespace != "b" {
				t.Errorf("got %+v, %v", list, err)
			}
		})
	}
}

// A list that lacks the workloads of a shard looks like one of all workloads.
func TestClientTellsWhichShardsHaveNoOwner(t *testing.T) {
	of := func(shards string, l coordinationv1.Lease) coordinationv1.Lease {
		l.Labels = map[string]string{"garboard.dev/shards": shards}
		return l
	}
	for name, test := range map[string]struct {
		leases []coordinationv1.Lease
		want   []int
	}{
		"one updater":      {led(lease("garboard-updater", holder, 0)), nil},
		"all have one":     {led(of("2", lease("garboard-updater-shard-0", holder, 0)), of("2", lease("garboard-updater-shard-1", holder, 0))), nil},
		"one was released": {led(of("2", lease("garboard-updater-shard-0", holder, 0)), of("2", lease("garboard-updater-shard-1", "", 0))), []int{1}},
		"one has run out, one was never held": {
			led(of("4", lease("garboard-updater-shard-0", holder, 5*time.Minute)), of("4", lease("garboard-updater-shard-1", holder, 0)), of("4", lease("garboard-updater-shard-3", holder, 0))),
			[]int{0, 2},
		},
		"those of a larger number before":  {led(of("1", lease("garboard-updater-shard-0", holder, 0)), of("3", lease("garboard-updater-shard-2", holder, time.Hour))), nil},
		"one that takes over from several": {led(lease("garboard-updater", holder, 0), of("2", lease("garboard-updater-shard-0", holder, 0)), of("2", lease("garboard-updater-shard-1", "", 0))), nil},
		"a number that nobody can mean":    {led(of("1000000000", lease("garboard-updater-shard-0", holder, 0))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := client(t, test.leases, "").List(t.Context(), "")
			if err != nil || !slices.Equal(list.Unowned, test.want) {
				t.Errorf("got %+v, %v, want %v", list, err, test.want)
			}
		})
	}
}

// Every failure says what to do.
func TestClientSaysWhatToDo(t *testing.T) {
	leader := lease("garboard-updater", holder, 0)
	for name, test := range map[string]struct {
		leases []coordinationv1.Lease
		proxy  string
		want   string
	}{
		"nothing installed": {led(), "",
			"there is no Lease garboard/garboard-updater: no updater has run in that namespace; name Garboard's with --garboard-namespace"},
		"nobody leads": {led(lease("garboard-updater", "", 0)), "",
			"no updater leads: the Lease garboard/garboard-updater has no holder; see: kubectl -n garboard get pods -l app.kubernetes.io/component=updater"},
		"the leader is dead": {led(lease("garboard-updater", holder, 5*time.Minute)), "",
			"the Lease garboard/garboard-updater was renewed last 5m0s ago, by garboard-updater-7d4; see: kubectl"},
		"no right":                         {led(leader), "Forbidden no", "no; the Role garboard-status allows it, or use kubectl port-forward and --updater-url"},
		"the Pod is gone":                  {led(leader), "NotFound pods not found", "it is gone, or older than this program"},
		"an older updater":                 {led(leader), "ServiceUnavailable connection refused", "at port 8082: connection refused; it may be older than this program, or run with another --status-address"},
		"leaders that change all the time": {led(leader), "NotLeading another replica leads", "another replica leads; ask again in a moment"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(t, test.leases, test.proxy, test.proxy).List(t.Context(), "")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}
