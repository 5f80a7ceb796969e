package transport

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetricsAreRegisteredOnce(t *testing.T) {
	_, registry := newMetrics(t)
	if _, err := NewMetrics(registry); err == nil {
		t.Error("registered twice without an error")
	}
}

// Image references, and with them hosts, can be invented without end.
func TestHostLabelsAreBounded(t *testing.T) {
	m, gatherer := newMetrics(t)
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

	later := now.Add(labelIdle)
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
	m, _ := newMetrics(t)
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
