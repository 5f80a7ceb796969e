package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/page"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// world is a cluster as the page sees it: the updater's own server of the status, and an
// API server in memory.
type world struct {
	t      *testing.T
	client client.Client
	link   string

	mu        sync.Mutex
	standings []report.Standing
}

// began is when all that the page tells of has happened.
var began = time.Now().Add(-90 * time.Second)

func newWorld(t *testing.T) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, standings: fewStandings()}
	w.client = fake.NewClientBuilder().WithScheme(scheme).WithObjects(someObjects()...).WithObjects(someUpdates()...).
		WithInterceptorFuncs(interceptor.Funcs{Create: create}).
		WithIndex(&corev1.Event{}, "involvedObject.uid", func(o client.Object) []string { return []string{string(o.(*corev1.Event).InvolvedObject.UID)} }).
		Build()
	updater := httptest.NewServer(status.NewServer(status.Options{Leads: func() bool { return true }, Standings: w.of, Versions: versions}).Handler())
	t.Cleanup(updater.Close)
	w.serve(updater.URL)
	return w
}

// serve serves the page as the command does.
func (w *world) serve(updater string) {
	at, err := url.Parse(updater)
	if err != nil {
		w.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	link := page.NewLink(port)
	ended := make(chan struct{})
	asked := &status.Direct{URL: at, Client: http.DefaultClient}
	shown, err := page.New(page.Options{
		Access: &page.Access{
			Status: asked, Versions: asked, Metrics: counted{}, Client: w.client,
			Cluster: "production", Timeout: 10 * time.Second,
		},
		Link: link, Ended: ended, Every: 100 * time.Millisecond,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: shown.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	w.t.Cleanup(func() { close(ended); _ = server.Close() })
	w.link = "http://127.0.0.1:" + port + link.Path()
}

// of is what the updater knows.
func (w *world) of(namespace string) []report.Standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.standings), func(s report.Standing) bool { return namespace != "" && s.Namespace != namespace })
}

// control is how the browser's script makes things happen in the cluster.
func (w *world) control() string {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /push", func(http.ResponseWriter, *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		web := slices.IndexFunc(w.standings, func(s report.Standing) bool { return s.Name == "web" })
		w.standings[web].Newest, w.standings[web].State = "1.5.0", report.StateRolling
		w.standings[web].Reason, w.standings[web].Message = "", ""
	})
	mux.HandleFunc("POST /many", func(http.ResponseWriter, *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.standings = manyStandings(10_000)
	})
	mux.HandleFunc("POST /count", func(out http.ResponseWriter, r *http.Request) {
		if err := w.count(r.Context()); err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /holds", func(out http.ResponseWriter, r *http.Request) {
		shop := &appsv1.Deployment{}
		if err := w.client.Get(r.Context(), client.ObjectKey{Namespace: "shop", Name: "web"}, shop); err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(out).Encode(shop.Annotations["garboard.dev/hold"])
	})
	mux.HandleFunc("GET /votes", func(out http.ResponseWriter, r *http.Request) {
		list := &v1alpha1.ImageUpdateVoteList{}
		if err := w.client.List(r.Context(), list); err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		cast := map[v1alpha1.Verdict]int{}
		for _, vote := range list.Items {
			cast[vote.Spec.Verdict]++
		}
		_ = json.NewEncoder(out).Encode(cast)
	})
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	return server.URL
}

// counted are the metrics of an updater.
type counted struct{}

// Metrics returns them.
func (counted) Metrics(context.Context) ([][]byte, error) {
	return [][]byte{[]byte(`# TYPE garboard_registry_requests_total counter
garboard_registry_requests_total{host="registry.example.com",outcome="ok"} 1284
garboard_registry_requests_total{host="docker.io",outcome="ok"} 96
garboard_registry_requests_total{host="docker.io",outcome="rate_limited"} 2
garboard_registry_requests_total{host="quay.io",outcome="unreachable"} 14
# TYPE garboard_registry_rate_limit_remaining gauge
garboard_registry_rate_limit_remaining{host="docker.io"} 61
# TYPE garboard_registry_circuit_open gauge
garboard_registry_circuit_open{host="quay.io"} 1
`)}, nil
}

func standing(namespace, kind, name, repository, running, newest, policy string, state report.State, reason, message string) report.Standing {
	return report.Standing{
		Namespace: namespace, Kind: kind, Name: name, Container: name, Repository: repository, Running: running, Newest: newest,
		Policy: policy, State: state, Reason: reason, Message: message, Checked: began, Next: began.Add(10 * time.Minute),
	}
}

const ours = "registry.example.com/"

// fewStandings are one of each kind, and three stages.
func fewStandings() []report.Standing {
	return append(stages(), dated([]report.Standing{
		standing("shop", "Deployment", "web", ours+"shop/web", "1.4.2", "1.4.3", "minor", report.StatePending, report.WaitWindow, "the window opens at 22:00"),
		standing("shop", "Deployment", "cart", ours+"shop/cart", "2.1.0", "2.1.0", "minor", report.StateCurrent, "", ""),
		standing("shop", "Deployment", "payment", ours+"shop/payment", "3.0.1", "3.2.0", "minor", report.StateFailed, "RolloutFailed", "2 of 3 Pods did not become ready within 10m"),
		standing("shop", "StatefulSet", "search", "docker.io/library/opensearch", "2.11.0", "2.19.1", "minor", report.StatePending, report.WaitHeld, "2.19.1 is held"),
		standing("shop", "CronJob", "invoices", ours+"shop/invoices", "0.9.4", "1.0.0", "major", report.StatePending, report.WaitPace, "3 rollouts are under way"),
		standing("billing", "Deployment", "ledger", ours+"billing/ledger", "5.2.0", "5.3.0", "minor", report.StateRolling, "", ""),
		standing("billing", "Deployment", "mail", "docker.io/library/postfix", "3.8.1", "3.8.1", "patch", report.StateCurrent, "", ""),
		standing("billing", "DaemonSet", "audit", "quay.io/team/audit", "1.1.0", "", "all", report.StateUnknown, report.ReasonUnavailable, "the registry did not answer in time"),
		standing("data", "StatefulSet", "postgres", "docker.io/library/postgres", "16.4", "16.9", "minor", report.StatePending, report.WaitTooYoung, "newer tags are younger than minAge, the first of them until 2026-12-01T08:00:00Z"),
		standing("data", "Deployment", "cache", "docker.io/library/redis", "7.4.1", "7.4.1", "minor", report.StateCurrent, "", ""),
		standing("data", "Deployment", "queue", ours+"data/queue", "4.0.0", "4.0.0", "semver:^4", report.StateCurrent, "", ""),
		standing("data", "Deployment", "metrics", "quay.io/team/metrics", "0.27.0", "", "minor", report.StateUnknown, report.ReasonUnavailable, "the registry did not answer in time"),
	})...)
}

// dated are the same, some of them with the dates of their images.
func dated(all []report.Standing) []report.Standing {
	for name, apart := range map[string]int{"payment": 96, "search": 412, "postgres": 37} {
		at := slices.IndexFunc(all, func(s report.Standing) bool { return s.Name == name })
		all[at].NewestBuilt = began.AddDate(0, 0, -5)
		all[at].RunningBuilt = all[at].NewestBuilt.AddDate(0, 0, -apart)
	}
	return all
}

// versions is what the updater tells of images: the second was built 41 days after the first.
func versions(_ context.Context, r status.VersionsRequest, of []record.Result) (*report.Versions, error) {
	told := &report.Versions{
		Chosen: "1.4.3", Why: "newer patch version", More: 12,
		Higher: []report.RejectedTag{{Tag: "2.0.0", Why: "other major version"}, {Tag: "1.5.0-rc.1", Why: "pre-release"}, {Tag: "latest", Why: "not a version"}},
	}
	about := "https://shop.example.com"
	if r.Container == "web" {
		about = "javascript:alert(document.domain)"
	}
	for i, version := range of {
		told.Images = append(told.Images, report.ImageVersion{
			Version: version.String(), Digest: "sha256:" + strings.Repeat([]string{"1b", "9e"}[i], 32),
			Created: &metav1.Time{Time: began.AddDate(0, 0, -60+41*i)}, Size: int64(48_200_000 + 1_300_000*i), SizeOf: "linux/amd64",
			Platforms: []string{"linux/amd64", "linux/arm64"}, Source: "https://git.example.com/shop", Revision: []string{"4f2c81d", "b07e3aa"}[i],
			URL: about,
		})
	}
	return told, nil
}

// stages are three workloads that come after each other: what is newest has to run longer
// in the second before it comes to the third.
func stages() []report.Standing {
	dev := standing("dev", "Deployment", "orders", ours+"shop/orders", "1.8.0", "1.8.0", "minor", report.StateCurrent, "", "")
	staging := standing("staging", "Deployment", "orders", ours+"shop/orders", "1.7.2", "1.8.0", "minor", report.StatePending, report.WaitUpstream,
		"dev/deployment/orders has been healthy with 1.8.0 since 2026-11-29T23:10:00Z, and has to be for 2h")
	staging.After, staging.Opens = "dev/deployment/orders for 2h", began.Add(72*time.Minute)
	production := standing("production", "Deployment", "orders", ours+"shop/orders", "1.6.0", "1.7.2", "minor", report.StatePending, report.WaitUpstream,
		"staging/deployment/orders has been healthy with 1.7.2 since 2026-11-29T15:00:00Z, and has to be for 1d")
	production.After, production.Opens = "staging/deployment/orders for 1d", began.Add(15*time.Hour)
	return []report.Standing{dev, staging, production}
}

// manyStandings are of as many containers, a tenth of them behind.
func manyStandings(count int) []report.Standing {
	all := make([]report.Standing, 0, count)
	for i := range count {
		s := standing(fmt.Sprintf("team-%03d", i%200), "Deployment", fmt.Sprintf("service-%05d", i), fmt.Sprintf("registry.example.com/team/service-%05d", i),
			"1.2.0", "1.2.0", "minor", report.StateCurrent, "", "")
		if i%10 == 0 {
			s.Newest, s.State, s.Reason, s.Message = "1.3.0", report.StatePending, report.WaitPace, "3 rollouts are under way"
		}
		all = append(all, s)
	}
	return all
}

// someObjects are what the API server has of them.
func someObjects() []client.Object {
	all := make([]client.Object, 0, 8)
	for _, name := range []string{"shop", "billing", "data"} {
		all = append(all, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"garboard.dev/enabled": "true"}}})
	}
	all = append(all,
		deployment("shop", "web", "registry.example.com/shop/web:1.4.2", map[string]string{
			"garboard.dev/policy": "minor",
			"garboard.dev/state": `{"web":{"from":"registry.example.com/shop/web:1.2.0","results":[` + strings.Join([]string{
				result("1.2.0"), result("1.2.7"), result("1.3.0"), result("1.4.1"), result("1.3.0"), result("1.4.2"),
			}, ",") + `]}}`,
		}),
		deployment("shop", "preview", "registry.example.com/shop/preview:main", nil),
		deployment("staging", "orders", "registry.example.com/shop/orders:1.7.2", map[string]string{"garboard.dev/policy": "minor"}),
		&corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web.1"}, InvolvedObject: corev1.ObjectReference{UID: "uid-web"},
			ReportingController: "garboard-updater", Reason: "ImageUpdated", FirstTimestamp: metav1.NewTime(began), LastTimestamp: metav1.NewTime(began),
			Message: "web: registry.example.com/shop/web:1.3.0 -> registry.example.com/shop/web:1.4.2",
		})
	return all
}

func result(tag string) string {
	return `{"result":"` + tag + `","from":"registry.example.com/shop/web:1.2.0","repository":"registry.example.com/shop/web"}`
}

func deployment(namespace, name, image string, annotations map[string]string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Annotations: annotations},
		Spec:       appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: image}}}}},
	}
}
