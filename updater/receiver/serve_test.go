package receiver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/garboard-dev/garboard/updater/receiver"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

func TestOnlyWhoIsConfiguredIsThere(t *testing.T) {
	w := newWorld(t, open(config.Native))
	for _, path := range []string{"dockerhub", "", "native/", "Native", "../webhooks/native/x"} {
		if got, _ := w.post(path, nil, payload(t, "native.json")); got != http.StatusNotFound {
			t.Errorf("%q: answer %d, want %d", path, got, http.StatusNotFound)
		}
	}
	w.receiver.Configure(t.Context(), &config.Config{Senders: []config.Sender{open(config.DockerHub)}})
	if got, _ := w.post("native", nil, payload(t, "native.json")); got != http.StatusNotFound {
		t.Errorf("a sender that was taken out: answer %d", got)
	}
	if got, _ := w.post("dockerhub", nil, payload(t, "dockerhub.json")); got != http.StatusAccepted {
		t.Errorf("a sender that was put in: answer %d", got)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	w := newWorld(t, open(config.Native))
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, "TRACE"} {
		if got, _ := w.send(method, "native", nil, nil); got != http.StatusMethodNotAllowed {
			t.Errorf("%s: answer %d", method, got)
		}
	}
}

// A body that is too large is refused whoever sends it, and whether or not it says
// so before.
func TestTenMegabytesAreRefused(t *testing.T) {
	large := bytes.Repeat([]byte(" "), 10<<20)
	var senders []config.Sender
	var want []string
	for _, kind := range config.Kinds() {
		senders = append(senders, open(kind))
		want = append(want, fmt.Sprintf("garboard_push_notifications_total{outcome=\"too_large\",sender=%q} 2", kind))
	}
	w := newWorld(t, senders...)
	for _, kind := range config.Kinds() {
		for name, body := range map[string]io.Reader{
			"with its length":    bytes.NewReader(large),
			"without its length": io.MultiReader(bytes.NewReader(large)),
		} {
			if got, text := w.send(http.MethodPost, string(kind), nil, body); got != http.StatusRequestEntityTooLarge {
				t.Errorf("%s, %s: answer %d %q", kind, name, got, text)
			}
		}
	}
	slices.Sort(want)
	w.counts(strings.Join(want, "\n"))
}

func TestFormsAreRefusedWithWhatToChange(t *testing.T) {
	w := newWorld(t, open(config.GitHub))
	got, text := w.post("github", headers("Content-Type", "application/x-www-form-urlencoded"), []byte("payload=%7B%7D"))
	if got != http.StatusUnsupportedMediaType || !strings.Contains(text, "application/json") {
		t.Errorf("answer %d %q", got, text)
	}
}

// Registries are set up with one another's paths: the answer, which is what their pages show,
// says which it should have been.
func TestAnswersNameTheRightPath(t *testing.T) {
	for name, tt := range map[string]struct {
		to     config.SenderKind
		file   string
		header http.Header
		status int
		text   string
	}{
		// Reported to Keel: https://github.com/keel-hq/keel/issues/510 and 332.
		"Harbor's, to that of a registry":                    {config.Registry, "harbor.json", nil, http.StatusBadRequest, "; harbor sends this, whose path is /v1/webhooks/harbor"},
		"a registry's, to that of a hub":                     {config.DockerHub, "registry.json", nil, http.StatusBadRequest, "; registry sends this, whose path is /v1/webhooks/registry"},
		"GitHub's, to that of Gitea":                         {config.Gitea, "github-package.json", headers("X-Github-Event", "package"), http.StatusOK, "; github sends this, whose path is /v1/webhooks/github"},
		"Azure's, to that of Google":                         {config.GAR, "azure.json", nil, http.StatusOK, "; azure sends this, whose path is /v1/webhooks/azure"},
		"that of Nexus, which names no registry, to JFrog's": {config.JFrog, "nexus.json", nil, http.StatusBadRequest, "; nexus sends this, whose path is /v1/webhooks/nexus"},
		"that of no sender":                                  {config.Registry, "github-ping.json", nil, http.StatusBadRequest, "not a notification of this sender"},
		"its own, which is about no push":                    {config.Harbor, "harbor-delete.json", nil, http.StatusOK, "nothing to do"},
		"a pipeline's, whose form is no clue":                {config.Quay, "native.json", nil, http.StatusBadRequest, "not a notification of this sender"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open(tt.to))
			got, text := w.post(string(tt.to), tt.header, payload(t, tt.file))
			if got != tt.status || !strings.HasSuffix(text, tt.text) {
				t.Errorf("answer %d %q, want %d and %q", got, text, tt.status, tt.text)
			}
			if len(w.sink.pushes) > 0 {
				t.Errorf("pushes %v", w.sink.pushes)
			}
		})
	}
}

func TestASenderIsLimitedAndOthersAreNot(t *testing.T) {
	w := newWorld(t, config.Sender{Name: "ci", Kind: config.Native, Auth: config.Auth{BearerToken: secret}}, open(config.DockerHub))
	good, bad := headers("Authorization", "Bearer "+secret), headers("Authorization", "Bearer x")
	// Whoever cannot prove himself uses up nobody's share.
	for range 600 {
		if got, _ := w.post("native", bad, payload(t, "native.json")); got != http.StatusUnauthorized {
			t.Fatalf("answer %d", got)
		}
	}
	taken := 0
	for range 600 {
		if got, _ := w.post("native", good, payload(t, "native.json")); got == http.StatusAccepted {
			taken++
		} else if got != http.StatusTooManyRequests {
			t.Fatalf("answer %d", got)
		}
	}
	if taken != 500 {
		t.Errorf("%d of 600 at once were taken, want 500", taken)
	}
	if got, _ := w.post("dockerhub", nil, payload(t, "dockerhub.json")); got != http.StatusAccepted {
		t.Errorf("another sender: answer %d", got)
	}
	w.clock.SetTime(start.Add(time.Second))
	if got, _ := w.post("native", good, payload(t, "native.json")); got != http.StatusAccepted {
		t.Errorf("a second later: answer %d", got)
	}
}

// A sender that told of thousands of repositories a second took all room that pushes wait in.
func TestEachRepositoryOfANotificationCounts(t *testing.T) {
	w := newWorld(t, open(config.Registry))
	notification := func(n int) []byte {
		events := make([]string, 100)
		for i := range events {
			events[i] = fmt.Sprintf(`{"action": "push", "target": {"repository": "team/app-%d-%d", "tag": "1"}, "request": {"host": "registry.corp"}}`, n, i)
		}
		return []byte(`{"events": [` + strings.Join(events, ",") + `]}`)
	}
	for n, want := range []int{http.StatusAccepted, http.StatusAccepted, http.StatusAccepted, http.StatusAccepted, http.StatusAccepted, http.StatusTooManyRequests} {
		if got, text := w.post("registry", nil, notification(n)); got != want {
			t.Errorf("notification %d: answer %d %q, want %d", n, got, text, want)
		}
	}
	if got := len(w.sink.pushes); got != 500 {
		t.Errorf("%d pushes, want 500", got)
	}
}

func TestASinkThatIsFullIsToldOf(t *testing.T) {
	w := newWorld(t, open(config.Native))
	w.sink.err = errors.New("full")
	if got, _ := w.post("native", nil, payload(t, "native.json")); got != http.StatusServiceUnavailable {
		t.Errorf("answer %d", got)
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	w := newWorld(t, config.Sender{Name: "ci", Kind: config.Native, Auth: config.Auth{BearerToken: secret}}, open(config.Quay))
	good := headers("Authorization", "Bearer "+secret)
	w.post("native", good, payload(t, "native.json"))
	w.post("native", good, []byte("{"))
	w.post("native", nil, payload(t, "native.json"))
	w.post("quay", nil, payload(t, "quay-build.json"))
	w.post("unknown", nil, nil)
	w.counts(`garboard_push_notifications_total{outcome="accepted",sender="native"} 1
garboard_push_notifications_total{outcome="ignored",sender="quay"} 1
garboard_push_notifications_total{outcome="malformed",sender="native"} 1
garboard_push_notifications_total{outcome="unauthenticated",sender="native"} 1`)
}

// counts compares all of the receiver's metrics.
func (w *world) counts(want string) {
	w.t.Helper()
	const head = "# HELP garboard_push_notifications_total Push notifications, by kind of sender and outcome.\n" +
		"# TYPE garboard_push_notifications_total counter\n"
	if err := testutil.GatherAndCompare(w.metrics, strings.NewReader(head+want+"\n")); err != nil {
		w.t.Error(err)
	}
}

// Bodies have room together. Clients that send nearly all of theirs, and nothing more, take it
// from none that is sent whole.
func TestBodiesThatStopBeforeTheirEndTakeNoRoom(t *testing.T) {
	w := newWorld(t, open(config.Native))
	var ends []func()
	hold := func() {
		from, to := io.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.trySend("native", from)
		}()
		go func() { _, _ = to.Write(bytes.Repeat([]byte(" "), 1<<20-1)) }()
		ends = append(ends, func() { _ = to.CloseWithError(io.ErrUnexpectedEOF); <-ended })
	}
	large := append(bytes.Repeat([]byte(" "), 1<<20-200), payload(t, "native.json")...)
	for range 4 {
		for range 8 {
			hold()
		}
		if status, text := w.post("native", nil, large); status != http.StatusAccepted {
			t.Errorf("beside %d that are sent in part: status %d, %s", len(ends), status, text)
		}
	}
	for _, end := range ends {
		end()
	}
}

// trySend sends a body that may end early.
func (w *world) trySend(path string, body io.Reader) {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+receiver.PathPrefix+path, body)
	if err != nil {
		w.t.Error(err)
		return
	}
	if response, err := http.DefaultClient.Do(req); err == nil {
		_ = response.Body.Close()
	}
}

// await waits until a condition holds.
func (w *world) await(what string, holds func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.t.Fatalf("waiting for %s", what)
		}
	}
}
