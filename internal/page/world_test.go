package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// updater is one that tells what it is given.
type updater struct {
	mu    sync.Mutex
	items []status.Item
	err   error
	asked int
	// versions are what it tells of images, about what it was asked.
	versions      *report.Versions
	versionsError error
	questions     []status.VersionsRequest
}

func (u *updater) Versions(_ context.Context, request status.VersionsRequest) (*report.Versions, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.questions = append(u.questions, request)
	return u.versions, u.versionsError
}

func (u *updater) List(context.Context, string) (*status.List, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	if u.err != nil {
		return nil, u.err
	}
	return &status.List{Items: append([]status.Item(nil), u.items...)}, nil
}

func (u *updater) set(change func(*updater)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(u)
}

// world is a page with all that it asks.
type world struct {
	*Page
	t       *testing.T
	updater *updater
	client  client.Client
	clock   *clocktesting.FakeClock
	ended   chan struct{}
	cookie  *http.Cookie
}

func newWorld(t *testing.T, functions interceptor.Funcs) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: clocktesting.NewFakeClock(now), ended: make(chan struct{}), updater: &updater{items: someItems()}}
	w.client = fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(functions).WithObjects(
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"garboard.dev/enabled": "true"}}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere"}},
		deployment("shop", "web", map[string]string{
			"garboard.dev/policy": "minor",
			"garboard.dev/state":  `{"web":{"from":"example.com/web:0.9.0","results":[{"result":"0.9.0","from":"example.com/web:0.9.0","repository":"example.com/web"},{"result":"1.0.0","from":"example.com/web:0.9.0","repository":"example.com/web"}]}}`,
		}),
		deployment("shop", "search", map[string]string{"garboard.dev/policy": "minor", "garboard.dev/hold": "search=2.19.1"}),
		deployment("shop", "preview", nil),
		deployment("elsewhere", "other", nil),
	).WithIndex(&corev1.Event{}, "involvedObject.uid", func(o client.Object) []string {
		return []string{string(o.(*corev1.Event).InvolvedObject.UID)} //nolint:forcetypeassert // the index is of Events
	}).Build()
	made, err := New(Options{
		Access: &Access{Status: w.updater, Versions: w.updater, Client: w.client, Timeout: time.Minute, Cluster: "production"},
		Link:   NewLink("8080"), Clock: w.clock, Ended: w.ended,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Page = made
	w.cookie = made.options.Link.exchange(made.options.Link.secret)
	return w
}

func deployment(namespace, name string, annotations map[string]string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "uid", Annotations: annotations},
		Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: name, Image: "example.com/" + name + ":1.0.0",
		}}}}},
	}
}

func someItems() []status.Item {
	item := func(name, running, newest string, state report.State, reason, message string) status.Item {
		return status.Item{
			Namespace: "shop", Kind: "Deployment", Name: name, Container: name, Repository: "example.com/" + name, Policy: "minor",
			Running: running, Newest: newest, State: state, Reason: reason, Message: message,
			LastCheck: &metav1.Time{Time: now.Add(-2 * time.Minute)}, NextCheck: &metav1.Time{Time: now.Add(8 * time.Minute)},
		}
	}
	items := []status.Item{
		item("web", "1.2.0", "1.4.1", report.StatePending, report.WaitWindow, "the window opens at 22:00"),
		item("search", "2.11.0", "2.19.1", report.StatePending, report.WaitHeld, "2.19.1 is held"),
		item("cart", "1.0.0", "1.0.0", report.StateCurrent, "", ""),
		item("mail", "1.0.0", "", report.StateUnknown, report.ReasonUnavailable, "no answer"),
	}
	items[0].Opens = &metav1.Time{Time: now.Add(10 * time.Hour)}
	return items
}

// asked is a request that the page's own browser sends.
func asked(method, path string, form url.Values) *http.Request {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, body)
	r.RemoteAddr = "127.0.0.1:40000"
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

// answer sends a request with the session's cookie.
func (w *world) answer(r *http.Request) *httptest.ResponseRecorder {
	r.AddCookie(w.cookie)
	return w.send(r)
}

func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	w.Handler().ServeHTTP(out, r)
	return out
}

// form is one of the session's.
func (w *world) form(fields ...string) url.Values {
	values := url.Values{"token": {w.options.Link.tokenOf(w.cookie.Value)}}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return values
}

var errAway = errors.New("connection refused")
