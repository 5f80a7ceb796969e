package page

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// read returns what the page knows, asked now.
func (w *world) read() *Snapshot {
	w.t.Helper()
	w.clock.Step(time.Minute)
	snapshot, err := w.feed.snapshot(w.t.Context(), time.Second)
	if err != nil {
		w.t.Fatal(err)
	}
	return snapshot
}

func TestSnapshotKeepsWhatWasKnown(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	before := w.read()
	w.updater.set(func(u *updater) { u.err = errAway })
	after := w.read()
	if !after.Failed || len(after.Rows) != len(before.Rows) || after.Version == before.Version ||
		!slices.Equal(after.Missing, []string{"The updater could not be asked: connection refused."}) {
		t.Errorf("got %+v", after)
	}
	w.updater.set(func(u *updater) { u.err = nil })
	if again := w.read(); again.Failed || len(again.Missing) > 0 || again.Version == after.Version {
		t.Errorf("the updater answers again: got %+v", again)
	}
}

func TestVersionOfASnapshot(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*updater)
		another bool
	}{
		"nothing":               {func(*updater) {}, false},
		"another poll":          {func(u *updater) { u.items[0].LastCheck = &metav1.Time{Time: now} }, false},
		"another state":         {func(u *updater) { u.items[0].State = report.StateRolling }, true},
		"another time to open":  {func(u *updater) { u.items[0].Opens = &metav1.Time{Time: now.Add(time.Hour)} }, true},
		"the same time to open": {func(u *updater) { u.items[0].Opens = &metav1.Time{Time: now.Add(10 * time.Hour)} }, false},
		"a date of a build":     {func(u *updater) { u.items[0].NewestBuilt = &metav1.Time{Time: now} }, true},
		"one more":              {func(u *updater) { u.items = append(u.items, u.items[0]) }, true},
		"another reason":        {func(u *updater) { u.items[0].Message = "the window opens at 23:00" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, interceptor.Funcs{})
			before := w.read()
			w.updater.set(test.change)
			if after := w.read(); (after.Version != before.Version) != test.another {
				t.Errorf("versions %d and %d", before.Version, after.Version)
			}
		})
	}
}

// Many requests are one question.
func TestSnapshotIsSharedWhileItIsFresh(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	for range 5 {
		bodyOf(t, w.answer(asked(http.MethodGet, "/", nil)))
	}
	if w.updater.asked != 1 {
		t.Errorf("the updater was asked %d times", w.updater.asked)
	}
}

// A person who may see one thing sees it, and is told of the other.
func TestWhatMayNotBeListedIsTold(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
		if kind := list.GetObjectKind().GroupVersionKind().Kind; kind == "DeploymentList" || kind == "NamespaceList" {
			return apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "", errAway)
		}
		return c.List(ctx, list, options...)
	}})
	got := w.read()
	if len(got.Rows) != 4 || len(got.Missing) != 2 || !strings.HasPrefix(got.Missing[0], "Which workloads are not governed is not known: listing namespaces: ") ||
		!strings.HasPrefix(got.Missing[1], "Holds of deployments, and which are not governed, are not known: ") {
		t.Errorf("%d rows, missing %q", len(got.Rows), got.Missing)
	}
}

func TestObjectsOfOneNamespace(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	w.feed.access.Namespace = "elsewhere"
	if got := w.feed.access.objects(t.Context(), now); len(got.all) != 0 || len(got.missing) != 0 {
		t.Errorf("a namespace that has not opted in: got %+v", got)
	}
	w.feed.access.Namespace = "shop"
	if got := w.feed.access.objects(t.Context(), now); len(got.all) != 3 || len(got.holds) != 1 || len(got.missing) != 0 {
		t.Errorf("got %+v", got)
	}
}

// The stream tells of a change once, and ends with the process.
func TestEvents(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	server := httptest.NewServer(http.HandlerFunc(w.events))
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	next := func() string {
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return text
			}
		}
		return ""
	}
	if got := next(); got != "1" {
		t.Fatalf("at first: got %q", got)
	}
	w.updater.set(func(u *updater) { u.items[0].State = report.StateRolling })
	for !w.clock.HasWaiters() {
		<-time.After(time.Millisecond)
	}
	w.clock.Step(defaultEvery)
	if got := next(); got != "2" {
		t.Fatalf("after a change: got %q", got)
	}
	close(w.ended)
	if got := next(); got != "" || lines.Err() != nil {
		t.Errorf("at the end: got %q, error %v", got, lines.Err())
	}
}

// deadlines notes how long a request may be read.
type deadlines struct {
	*httptest.ResponseRecorder
	read []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { d.read = append(d.read, at); return nil }

// A server's deadline for reading a request would end each stream after some seconds.
func TestEventsOutliveTheDeadlineOfTheRequest(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	close(w.ended)
	out := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	w.events(out, asked(http.MethodGet, "/events", nil))
	if len(out.read) != 1 || !out.read[0].IsZero() {
		t.Errorf("deadlines %v", out.read)
	}
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	for range maxStreams {
		w.streams <- struct{}{}
	}
	got := w.answer(asked(http.MethodGet, "/events", nil))
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "close a tab") {
		t.Errorf("got %d: %s", got.Code, got.Body)
	}
}

// updaterMetrics are those of updaters.
type updaterMetrics [][]byte

func (m updaterMetrics) Metrics(context.Context) ([][]byte, error) {
	if len(m) == 0 {
		return nil, errAway
	}
	return m, nil
}

func TestRegistriesTellWhatTheirOtherHostsDo(t *testing.T) {
	const gauge = "# TYPE garboard_registry_rate_limit_remaining gauge\n# TYPE garboard_registry_circuit_open gauge\n"
	w := newWorld(t, interceptor.Funcs{})
	w.updater.items = []status.Item{{Namespace: "shop", Kind: "Deployment", Name: "web", Container: "web", Repository: "docker.io/library/web", State: report.StateCurrent}}
	w.options.Access.Metrics = updaterMetrics{[]byte(gauge + `garboard_registry_rate_limit_remaining{host="registry-1.docker.io"} 87
garboard_registry_circuit_open{host="mirror.example.com"} 1
garboard_registry_circuit_open{host="auth.docker.io"} 0
`)}
	body := bodyOf(t, w.answer(asked(http.MethodGet, "/registries", nil)))
	for _, want := range []string{"87 requests left", "mirror.example.com", "as a mirror, or for tokens"} {
		if !strings.Contains(body, want) {
			t.Errorf("the view has no %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "auth.docker.io") {
		t.Errorf("a token service that answers is shown:\n%s", body)
	}
}

func TestRegistriesSayWhyNothingIsKnownOfLimits(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	w.options.Access.Metrics = updaterMetrics{}
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/registries", nil))); !strings.Contains(body, "Limits and pauses are not known: connection refused.") {
		t.Errorf("metrics that cannot be read:\n%s", body)
	}
	w.options.Access.Metrics = updaterMetrics{[]byte("no metrics {")}
	if body := bodyOf(t, w.answer(asked(http.MethodGet, "/registries", nil))); !strings.Contains(body, "Limits and pauses are not known: reading the updater") {
		t.Errorf("metrics that are none:\n%s", body)
	}
}
