package notify_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/garboard-dev/garboard/updater/notify"
)

const head = "apiVersion: garboard.dev/v1alpha1\nkind: NotificationsConfig\nchannels:\n"

// start is the time at which a test's clock stands first.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, good func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !good() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// inbox is a webhook, with what it was sent.
type inbox struct {
	*httptest.Server
	mu       sync.Mutex
	messages []string
	answer   func(n int) int // the status of the n-th request
}

// newInbox takes everything, but where answer says otherwise.
func newInbox(t *testing.T, answer func(n int) int) *inbox {
	t.Helper()
	i := &inbox{answer: answer}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		i.mu.Lock()
		i.messages = append(i.messages, string(body))
		n := len(i.messages)
		i.mu.Unlock()
		if i.answer != nil {
			w.WriteHeader(i.answer(n))
		}
	}))
	t.Cleanup(i.Close)
	return i
}

// url is the inbox as shoutrrr names it.
func (i *inbox) url() string { return "generic+" + i.URL + "/inbox" }

func (i *inbox) got() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.messages...)
}

// await returns the messages, when there are as many as are wanted.
func (i *inbox) await(t *testing.T, n int) []string {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages", n), func() bool { return len(i.got()) >= n })
	got := i.got()
	if len(got) != n {
		t.Fatalf("got %d messages, want %d: %q", len(got), n, got)
	}
	return got
}

// world is a dispatcher with a clock that the test sets.
type world struct {
	t          *testing.T
	clock      *clocktesting.FakeClock
	metrics    *prometheus.Registry
	dispatcher *notify.Dispatcher

	mu    sync.Mutex
	lines []string // of the log
	end   func()
}

// newWorld has the channels of some settings. It runs until the test ends or
// stop is called.
func newWorld(t *testing.T, channels string, change ...func(*notify.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: clocktesting.NewFakeClock(start), metrics: prometheus.NewRegistry()}
	metrics, err := notify.NewMetrics(w.metrics)
	must(t, err)
	o := notify.Options{Metrics: metrics, Clock: w.clock, Log: w.log()}
	for _, c := range change {
		c(&o)
	}
	w.dispatcher, err = notify.New(o)
	must(t, err)
	w.reconfigure(channels)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.dispatcher.Start(ctx) }()
	w.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Start: got error %v, want none", err)
		}
	})
	t.Cleanup(w.end)
	return w
}

func (w *world) reconfigure(channels string) {
	w.t.Helper()
	must(w.t, w.dispatcher.Reconfigure(parsed(w.t, channels)))
}

// parsed reads settings; urlFile names a file with what stands behind it.
func parsed(t *testing.T, channels string) *notify.Config {
	t.Helper()
	dir := t.TempDir()
	for n, line := range strings.Split(channels, "\n") {
		if at, secret, ok := strings.Cut(line, "urlFile: "); ok {
			name := fmt.Sprintf("url-%d", n)
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.TrimSuffix(secret, "}")), 0o600))
			replaced := at + "urlFile: " + name
			if strings.HasSuffix(secret, "}") {
				replaced += "}"
			}
			channels = strings.Replace(channels, line, replaced, 1)
		}
	}
	c, err := notify.Parse(filepath.Join(dir, "f.yaml"), []byte(head+channels), nil)
	must(t, err)
	return c
}

func (w *world) log() logr.Logger {
	return funcr.New(func(_, args string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lines = append(w.lines, args)
	}, funcr.Options{})
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}

// step waits until somebody waits for the clock, and sets it.
func (w *world) step(d time.Duration) {
	w.t.Helper()
	eventually(w.t, "a timer", w.clock.HasWaiters)
	w.clock.Step(d)
}

func (w *world) wantMetrics(names string, want string) {
	w.t.Helper()
	var err error
	eventually(w.t, "the metrics", func() bool {
		err = testutil.GatherAndCompare(w.metrics, strings.NewReader(want), strings.Fields(names)...)
		return err == nil
	})
}

// count is the value of garboard_notifications_total.
func (w *world) count(channel, outcome string) float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	must(w.t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range metric.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if family.GetName() == "garboard_notifications_total" && labels["channel"] == channel && labels["outcome"] == outcome {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func (w *world) wantCount(channel, outcome string, want float64) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%v %s of %s", want, outcome, channel), func() bool { return w.count(channel, outcome) == want })
}

// moved is a notice of a workload in the namespace team.
func moved(name string, change ...func(*notify.Notice)) notify.Notice {
	n := notify.Notice{
		Level: notify.LevelInfo, Reason: "ImageUpdated", Kind: "Deployment", Namespace: "team", Name: name,
		Text:    "web example.com/app:1.2.7 -> 1.2.8 (policy patch)",
		Changes: []notify.Change{{Container: "web", From: "example.com/app:1.2.7", To: "example.com/app:1.2.8"}},
		At:      start,
	}
	for _, c := range change {
		c(&n)
	}
	return n
}

func line(name string) string {
	return "Deployment team/" + name + ": web example.com/app:1.2.7 -> 1.2.8 (policy patch)"
}
