package registry

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

func metrics(t *testing.T) (*transport.Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	m, err := transport.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

func TestMetricsCountWhatWasAsked(t *testing.T) {
	const body = `{"tags":["1"]}`
	var answer atomic.Int64
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/secret-repository/tags/list": func(w http.ResponseWriter, r *http.Request) {
		status := int(answer.Load())
		if status == 0 {
			breaksOff(w, r)
		}
		w.Header().Set("RateLimit-Remaining", "9")
		says(status, body)(w, r)
	}}))
	now := newClock()
	m, gatherer := metrics(t)
	c := client(t, at(now), func(o *Options) { o.Metrics = m })
	host := registry.host()

	for _, step := range []struct {
		status  int
		outcome string
		want    float64
	}{
		{http.StatusOK, "success", 2}, // a ping and a list
		{http.StatusForbidden, "unauthorized", 1},
		{http.StatusNotFound, "not_found", 1},
		{http.StatusInternalServerError, "error", 1},
		{http.StatusTooManyRequests, "rate_limited", 1},
		{http.StatusOK, "refused", 1}, // within the pause
		{0, "unreachable", 1},
	} {
		answer.Store(int64(step.status))
		_, _ = list(t, c, registry.repository("secret-repository"), auth.Basic("secret-user", "secret-password"))
		if got := value(t, gatherer, "requests_total", host, step.outcome); got != step.want {
			t.Errorf("status %d: %s is %v, want %v", step.status, step.outcome, got, step.want)
		}
		if step.outcome == "refused" {
			now.Advance(unnamedPause)
		}
	}
	if got := value(t, gatherer, "paused_until_timestamp_seconds", host); got != float64(now.Now().Unix()) {
		t.Errorf("paused until %v, want the end of the pause", got)
	}
	if got := value(t, gatherer, "circuit_open", host); got != 1 {
		t.Errorf("circuit_open is %v after a failure, want 1", got)
	}
	now.Advance(openTime)
	answer.Store(http.StatusOK)
	if _, err := list(t, c, registry.repository("secret-repository"), Credential{}); err != nil {
		t.Fatal(err)
	}
	if got := value(t, gatherer, "circuit_open", host); got != 0 {
		t.Errorf("circuit_open is %v after an answer, want 0", got)
	}
	if got := value(t, gatherer, "rate_limit_remaining", host); got != 9 {
		t.Errorf("rate_limit_remaining is %v, want 9", got)
	}
	if got := value(t, gatherer, "response_bytes_total", host); got != float64(6*len(body)) {
		t.Errorf("response_bytes_total is %v, want the six bodies that came", got)
	}
	wantClean(t, gatherer)
}

// value is what the metric garboard_registry_NAME has for label values, in the order
// of the labels' names.
func value(t *testing.T, gatherer prometheus.Gatherer, name string, labels ...string) float64 {
	t.Helper()
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "garboard_registry_"+name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var values []string
			for _, label := range metric.GetLabel() {
				values = append(values, label.GetValue())
			}
			if slices.Equal(values, labels) {
				return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s with labels %q", name, labels)
	return 0
}

// wantClean fails where the linter has a complaint, or a label tells a secret.
func wantClean(t *testing.T, gatherer prometheus.Gatherer) {
	t.Helper()
	problems, err := testutil.GatherAndLint(gatherer)
	if err != nil || len(problems) > 0 {
		t.Errorf("linting the metrics: %v, %v", problems, err)
	}
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if text := family.String(); strings.Contains(text, "secret") {
			t.Errorf("a metric tells: %s", text)
		}
	}
}

func TestMetricsRefusedAndTimeout(t *testing.T) {
	slow := newHanging(twoTags)
	registry := newFake(t, slow)
	m, gatherer := metrics(t)
	c := client(t, at(newClock()), func(o *Options) { o.Metrics, o.HeaderTimeout = m, 50*time.Millisecond })
	for range 3 {
		_, _ = list(t, c, registry.repository("a"), Credential{})
	}
	_, _ = list(t, c, "10.0.0.1/a", Credential{})
	if got := value(t, gatherer, "requests_total", registry.host(), "timeout"); got != 1 {
		t.Errorf("%v timeouts, want 1", got)
	}
	if got := value(t, gatherer, "requests_total", "10.0.0.1", "refused"); got != 1 {
		t.Errorf("%v refusals of an address, want 1", got)
	}
}
