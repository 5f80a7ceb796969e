package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook"
)

// counter reads a counter of the metric whose only label has the value.
func counter(t *testing.T, registry *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && hasLabel(metric, label) {
				return metric.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s with %q", name, label)
	return 0
}

func hasLabel(metric *dto.Metric, value string) bool {
	return len(metric.GetLabel()) == 1 && metric.GetLabel()[0].GetValue() == value
}

// review posts a review to a running server.
func (s *served) review(path string, review []byte) *admissionv1.AdmissionResponse {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path+"?timeout=30s", bytes.NewReader(review))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer admissionv1.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		s.t.Fatal(err)
	}
	return answer.Response
}

// A registry that hangs holds the requests that wait for it. Those who come
// when there is no room are answered at once: from what is known, and else with
// what would have been resolved from. That is never older than what is stored.
func TestOverTheLimitNobodyWaits(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := serve(t, w.mux, webhook.Limits{InFlight: 1, Metrics: w.metrics})
	warm := w.deployment("patch", "1.2.0")
	s.review(webhook.MutatePath, write{object: warm}.review()) // reads the list

	asked, release, filled := make(chan struct{}), make(chan struct{}), make(chan struct{})
	defer func() {
		close(release)
		<-filled
	}()
	hang := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case asked <- struct{}{}:
		case <-release:
		}
		<-release
	})
	w.fault.Store(&hang)
	cold := func(tag string) string {
		return strings.ReplaceAll(w.deployment("patch", tag), w.host+"/app", w.host+"/cold")
	}
	go func() { // fills the room
		defer close(filled)
		if _, err := s.post(webhook.MutatePath+"?timeout=30s", bytes.NewReader(write{object: cold("1.2.0")}.review())); err != nil {
			t.Error(err)
		}
	}()
	<-asked

	before := w.requests.Load()
	state := `,"garboard.dev/state":` + quoted(`{"c0":{"from":"`+w.host+`/cold:1.2.0","results":[{"result":"1.2.7","from":"`+w.host+`/cold:1.2.0","repository":"`+w.host+`/cold"}]}}`)
	stored := strings.ReplaceAll(w.annotated("1.2.7", state, `"garboard.dev/resolved":"c0=1.2.7"`), w.host+"/app", w.host+"/cold")
	again := strings.Replace(stored, "cold:1.2.7\",\"newField", "cold:1.2.0\",\"newField", 1)
	deny := strings.Replace(cold("1.2.0"), `{"garboard.dev/policy":"patch"}`, `{"garboard.dev/policy":"patch","garboard.dev/onUnresolvable":"deny"}`, 1)
	const why = "Garboard has too many requests to wait for a registry"
	for name, test := range map[string]struct {
		write write
		image string // empty for a refusal
		warns bool
	}{
		"a list that is known answers":               {write{object: warm}, "app:1.2.7", false},
		"a new object is admitted as written":        {write{object: cold("1.2.0")}, "cold:1.2.0", true},
		"a manifest that is applied again, no lower": {write{object: again, old: stored}, "cold:1.2.7", true},
		"a workload that asks for it is refused":     {write{object: deny}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			response := s.review(webhook.MutatePath, test.write.review())
			if response.Allowed != (test.image != "") {
				t.Fatalf("%+v", response.Result)
			}
			if !response.Allowed {
				return
			}
			if got := apply(t, test.write.object, response.Patch); !strings.Contains(got, `"image":"`+w.host+"/"+test.image+`"`) {
				t.Errorf("stored %s, want %s", got, test.image)
			}
			if got := strings.Contains(strings.Join(response.Warnings, "\n"), why); got != test.warns {
				t.Errorf("warnings %q", response.Warnings)
			}
			if strings.Contains(strings.Join(response.Warnings, "\n"), "did not answer") {
				t.Errorf("the registry is blamed: %q", response.Warnings)
			}
		})
	}
	if n := w.requests.Load() - before; n != 0 {
		t.Errorf("%d requests to the registry", n)
	}
	if got := counter(t, w.counted, "garboard_admission_overloaded_total", "unasked"); got != 4 {
		t.Errorf("counted %v requests, want 4", got)
	}
}

// What is more than any cluster sends is turned away before it is read: memory
// has an end.
func TestFloodsAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		held, size int // requests that are in flight, and their bodies
		then       map[int]int
	}{
		"more requests than four times the limit": {held: 8, size: 1, then: map[int]int{1: http.StatusServiceUnavailable}},
		"less than that, and small":               {held: 7, size: 1, then: map[int]int{1: http.StatusOK}},
		"large ones that are too much together": {held: 2, size: webhook.MaxBody, then: map[int]int{
			webhook.MaxBody: http.StatusServiceUnavailable, 64 << 10: http.StatusOK,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			arrived, release := make(chan struct{}), make(chan struct{})
			counted := prometheus.NewRegistry()
			metrics, err := webhook.NewMetrics(counted)
			if err != nil {
				t.Fatal(err)
			}
			s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.URL.Path == "/held" {
					arrived <- struct{}{}
					<-release
				}
			}), webhook.Limits{InFlight: 2, Metrics: metrics})
			done := make(chan int, test.held)
			for range test.held {
				go func() {
					got, err := s.post("/held", bytes.NewReader(make([]byte, test.size)))
					if err != nil {
						t.Error(err)
					}
					done <- got.status
				}()
			}
			for range test.held {
				<-arrived
			}
			refused := 0.0
			for size, want := range test.then {
				if got := s.status(bytes.NewReader(make([]byte, size))); got != want {
					t.Errorf("%d bytes: status %d, want %d", size, got, want)
				}
				if want != http.StatusOK {
					refused++
				}
			}
			if got := counter(t, counted, "garboard_admission_overloaded_total", "refused"); got != refused {
				t.Errorf("counted %v, want %v", got, refused)
			}
			close(release)
			for range test.held {
				if got := <-done; got != http.StatusOK {
					t.Errorf("one of those before: status %d", got)
				}
			}
			if got := s.status(strings.NewReader("x")); got != http.StatusOK {
				t.Errorf("afterwards: status %d", got)
			}
		})
	}
}

// Whoever reaches the port can announce large bodies, or many, and send none of
// them: that must not turn away those who do send theirs.
func TestAnnouncedBodiesTakeNoRoom(t *testing.T) {
	for name, announced := range map[string][]int{
		"as large as there is room":  {webhook.MaxBody, webhook.MaxBody, 2 << 20},
		"four times as many as wait": {1, 1, 1, 1, 1, 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
			}), webhook.Limits{InFlight: 2})
			for _, size := range announced {
				body, drip := io.Pipe()
				t.Cleanup(func() { _ = drip.Close() })
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/", body)
				if err != nil {
					t.Fatal(err)
				}
				request.ContentLength = int64(size)
				// Told where the server reads the body, as it asks for it then.
				request.Header.Set("Expect", "100-continue")
				arrived := make(chan struct{})
				arrive := sync.OnceFunc(func() { close(arrived) })
				request = request.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: arrive}))
				client := &http.Client{Transport: s.client.Transport.(*http.Transport).Clone()}
				client.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
				go func() {
					if response, err := client.Do(request); err == nil {
						_ = response.Body.Close()
						arrive() // refused
					}
				}()
				<-arrived
			}
			if got := s.status(strings.NewReader("x")); got != http.StatusOK {
				t.Errorf("status %d, want %d", got, http.StatusOK)
			}
		})
	}
}

// JSON that nests without end must neither end the process nor be admitted as
// if it had been read.
func TestDeepJSONIsRefused(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	deep := func(levels int) string {
		nested := strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)
		return strings.Replace(w.deployment("patch", "1.2.0"), `"newField":{"kept":true}`, `"newField":`+nested, 1)
	}
	for _, path := range []string{webhook.MutatePath, webhook.ValidatePath} {
		for _, levels := range []int{20_000, 1_000_000} {
			review := bytes.Replace(write{object: `{"x":1}`}.review(), []byte(`{"x":1}`), []byte(deep(levels)), 1)
			if response := w.post(path, review); response.Allowed {
				t.Errorf("%s: %d levels were admitted", path, levels)
			}
		}
	}
	stored, _ := w.mutate(write{object: deep(1000)})
	if !strings.Contains(stored, ":1.2.7") {
		t.Error("a thousand levels: not resolved")
	}
}

// asked notes for whom it was asked for credentials.
type asked struct{ namespaces []string }

func (a *asked) Of(namespace string, _ *workload.Object, _ workload.Slot, _ settings.Rule) resolver.Credentials {
	a.namespaces = append(a.namespaces, namespace)
	return nil
}

// Whoever reaches the port can make up a review. It must not make us ask a
// registry, or spend a pull secret, for a namespace that has not opted in.
func TestForgedReviewsAskNobody(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	credentials := &asked{}
	w.serveBy(webhook.DeciderOptions{Resolver: w.resolver, Credentials: credentials})
	before := w.requests.Load()
	for _, namespace := range []string{"off", "nowhere", " ", "../on"} {
		for _, path := range []string{webhook.MutatePath, webhook.ValidatePath} {
			in := write{namespace: namespace, object: w.deployment("patch", "1.2.0")}
			if response := w.post(path, in.review()); !response.Allowed || len(response.Patch)+len(response.Warnings) > 0 {
				t.Errorf("%s for %q: %+v", path, namespace, response)
			}
		}
	}
	if n := w.requests.Load() - before; n != 0 || len(credentials.namespaces) != 0 {
		t.Errorf("%d requests to the registry, credentials of %q", n, credentials.namespaces)
	}
	if w.mutate(write{object: w.deployment("patch", "1.2.0")}); len(credentials.namespaces) != 1 || w.requests.Load() == before {
		t.Error("nobody was asked for a namespace that has opted in: this test sees nothing")
	}
}

// placement panics, on the way to a resolution.
type placement struct{}

func (placement) Required(context.Context, *workload.Object) []resolver.Platform {
	panic(fmt.Sprintf("a fault of ours, with %s in it", "a secret"))
}

// A fault of ours refuses nobody where there is an answer without a registry,
// and that answer is no downgrade.
func TestPanicOnTheWayToARegistryKeepsTheImage(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	manifest := w.deployment("patch", "1.2.0")
	stored, _ := w.mutate(write{object: manifest})
	w.serveBy(webhook.DeciderOptions{Resolver: w.resolver, Placement: placement{}})
	for name, test := range map[string]struct {
		write write
		want  string
	}{
		"a new object is admitted as written":        {write{object: manifest}, "1.2.0"},
		"a manifest that is applied again, no lower": {write{object: submit(t, stored, manifest), old: stored}, "1.2.7"},
	} {
		t.Run(name, func(t *testing.T) {
			after, response := w.mutate(test.write)
			if got := w.images(after); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if text := strings.Join(response.Warnings, "\n"); !strings.Contains(text, "could not be asked") || strings.Contains(text, "secret") {
				t.Errorf("warnings %q", response.Warnings)
			}
		})
	}
	if got := counter(t, w.counted, "garboard_admission_panics_total", "mutate"); got != 2 {
		t.Errorf("counted %v, want 2", got)
	}
}

// nowhere panics before anything is known of the request.
type nowhere struct{}

func (nowhere) Namespace(context.Context, string) (workload.Namespace, error) {
	panic("a fault of ours, with a secret in it")
}

func TestPanicWithoutAnAnswerIsAnErrorOfTheWebhook(t *testing.T) {
	w := newWorld(t)
	w.namespaces = nowhere{}
	w.serveWith(w.resolver)
	for _, path := range []string{webhook.MutatePath, webhook.ValidatePath} {
		response := w.post(path, write{object: w.deployment("patch", "1.2.0")}.review())
		if response.Allowed || response.UID != "1" || response.Result.Code != http.StatusInternalServerError {
			t.Errorf("%s: %+v", path, response)
		}
		if strings.Contains(response.Result.Message, "secret") {
			t.Errorf("%s tells %q", path, response.Result.Message)
		}
		if got := counter(t, w.counted, "garboard_admission_panics_total", strings.TrimPrefix(path, "/")); got != 1 {
			t.Errorf("%s: counted %v, want 1", path, got)
		}
	}
}

// A series that appears with its first panic has no increase: the alert that is
// on it would miss that one.
func TestPanicsAreZeroBeforeTheFirst(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"mutate", "validate", "none"} {
		if got := counter(t, w.counted, "garboard_admission_panics_total", name); got != 0 {
			t.Errorf("%s: counted %v, want 0", name, got)
		}
	}
}

// Outside of the webhooks net/http would break the connection off, and log
// where nobody looks.
func TestPanicElsewhereIsAnswered(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault of ours") }), webhook.Limits{})
	if got := s.status(strings.NewReader("x")); got != http.StatusInternalServerError {
		t.Errorf("status %d", got)
	}
}
