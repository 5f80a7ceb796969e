package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func metrics(t *testing.T) (*Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	m, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	_, registry := metrics(t)
	if _, err := NewMetrics(registry); err == nil {
		t.Error("registered twice without an error")
	}
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
	counted := func(outcome string) float64 { return testutil.ToFloat64(m.requests.WithLabelValues(host, outcome)) }

	for _, step := range []struct {
		status  int
		outcome string
		want    float64
	}{
		{http.StatusOK, outcomeSuccess, 2}, // a ping and a list
		{http.StatusForbidden, outcomeUnauthorized, 1},
		{http.StatusNotFound, outcomeNotFound, 1},
		{http.StatusInternalServerError, outcomeError, 1},
		{http.StatusTooManyRequests, outcomeRateLimited, 1},
		{http.StatusOK, outcomeRefused, 1}, // within the pause
		{0, outcomeUnreachable, 1},
	} {
		answer.Store(int64(step.status))
		_, _ = list(t, c, registry.repository("secret-repository"), Basic("secret-user", "secret-password"))
		if got := counted(step.outcome); got != step.want {
			t.Errorf("status %d: %s is %v, want %v", step.status, step.outcome, got, step.want)
		}
		if step.outcome == outcomeRefused {
			now.Advance(firstPause)
		}
	}
	if got := testutil.ToFloat64(m.pausedUntil.WithLabelValues(host)); got != float64(now.Now().Unix()) {
		t.Errorf("paused until %v, want the end of the pause", got)
	}
	if got := testutil.ToFloat64(m.circuits.WithLabelValues(host)); got != 1 {
		t.Errorf("circuit_open is %v after a failure, want 1", got)
	}
	now.Advance(firstOpen)
	answer.Store(http.StatusOK)
	if _, err := list(t, c, registry.repository("secret-repository"), Credential{}); err != nil {
		t.Fatal(err)
	}
	if got := testutil.ToFloat64(m.circuits.WithLabelValues(host)); got != 0 {
		t.Errorf("circuit_open is %v after an answer, want 0", got)
	}
	if got := testutil.ToFloat64(m.limits.WithLabelValues(host)); got != 9 {
		t.Errorf("rate_limit_remaining is %v, want 9", got)
	}
	if got := testutil.ToFloat64(m.bytes.WithLabelValues(host)); got != float64(6*len(body)) {
		t.Errorf("response_bytes_total is %v, want the six bodies that came", got)
	}
	wantClean(t, gatherer)
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
	m, _ := metrics(t)
	c := client(t, at(newClock()), func(o *Options) { o.Metrics, o.HeaderTimeout = m, 50*time.Millisecond })
	for range 3 {
		_, _ = list(t, c, registry.repository("a"), Credential{})
	}
	_, _ = list(t, c, "10.0.0.1/a", Credential{})
	if got := testutil.ToFloat64(m.requests.WithLabelValues(registry.host(), outcomeTimeout)); got != 1 {
		t.Errorf("%v timeouts, want 1", got)
	}
	if got := testutil.ToFloat64(m.requests.WithLabelValues("10.0.0.1", outcomeRefused)); got != 1 {
		t.Errorf("%v refusals of an address, want 1", got)
	}
}

// Image references, and with them hosts, can be invented without end.
func TestHostLabelsAreBounded(t *testing.T) {
	m, gatherer := metrics(t)
	now := newClock().Now()
	use := func(host string, at time.Time) {
		m.sent(host, outcomeSuccess, time.Second, 1, at)
		m.refused(host, at)
		m.remaining(host, 1, at)
		m.circuit(host, true, at)
		m.paused(host, at, at)
	}
	for i := range 10 * maxHostLabels {
		use(fmt.Sprintf("h%d.example", i), now)
	}
	if got := testutil.CollectAndCount(m.requests); got != 2*(maxHostLabels+1) {
		t.Errorf("%d series of requests, want two for each of %d hosts and others", got, maxHostLabels)
	}
	if got := testutil.CollectAndCount(m.circuits); got != maxHostLabels {
		t.Errorf("%d circuits, want %d and none for others", got, maxHostLabels)
	}
	if got := testutil.ToFloat64(m.requests.WithLabelValues(otherHosts, outcomeSuccess)); got != 9*maxHostLabels {
		t.Errorf("others were counted %v times", got)
	}

	later := now.Add(forgetIdle)
	for i := 1; i < maxHostLabels; i++ {
		use(fmt.Sprintf("h%d.example", i), later)
	}
	use("new.example", later) // h0 has been idle for an hour, and no longer
	if got := m.label("new.example", later); got != otherHosts {
		t.Errorf("label %q took a place too early", got)
	}
	later = later.Add(time.Nanosecond)
	use("new.example", later)
	for _, c := range []prometheus.Collector{m.bytes, m.limits, m.circuits, m.pausedUntil, m.durations} {
		if got := testutil.CollectAndCount(c); got > maxHostLabels+1 {
			t.Errorf("%d series, want at most %d", got, maxHostLabels+1)
		}
	}
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if text := family.String(); strings.Contains(text, `"h0.example"`) || !strings.Contains(text, `"new.example"`) {
			t.Errorf("%s: h0.example has not made room for new.example", family.GetName())
		}
	}
}

// A label of invalid UTF-8 is a panic, and a redirect may name any bytes.
func TestHostThatIsNoneHasNoLabel(t *testing.T) {
	m, _ := metrics(t)
	now := newClock().Now()
	for _, text := range []string{"http://%ff/", "http://a%20b/", "http://" + strings.Repeat("a", 300) + "/", "http:///", "http://\u65e5\u672c/"} {
		u, err := url.Parse(text)
		if err != nil {
			continue // so Go asks no such host
		}
		if got := m.label(u.Host, now); got != otherHosts {
			t.Errorf("%q has the label %q", text, got)
		}
	}
	if got := m.label("\xff", now); got != otherHosts {
		t.Errorf("bytes have the label %q", got)
	}
	if got := m.label("Example.COM:443", now); got != "example.com:443" {
		t.Errorf("got label %q, want lower case", got)
	}
}
