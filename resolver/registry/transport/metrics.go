package transport

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Outcomes of a request, as the metrics name them.
const (
	outcomeSuccess      = "success"
	outcomeUnauthorized = "unauthorized"
	outcomeNotFound     = "not_found"
	outcomeRateLimited  = "rate_limited"
	outcomeError        = "error"
	outcomeUnreachable  = "unreachable"
	outcomeTimeout      = "timeout"
	outcomeRefused      = "refused"
)

// Metrics counts what a Client asks and is answered. A nil one counts nothing.
//
// The label host is bounded: 100 hosts have a value of their own, further ones
// share "other" in counters and histograms and have no gauges. A host that was
// not asked for an hour makes room.
type Metrics struct {
	requests    *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	bytes       *prometheus.CounterVec
	limits      *prometheus.GaugeVec
	circuits    *prometheus.GaugeVec
	pausedUntil *prometheus.GaugeVec
	hosts       hostLabels
}

// NewMetrics registers the client's metrics. Their labels are hosts and
// outcomes, never a repository, a tag or a credential. The error is the
// registerer's.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	host := []string{"host"}
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_registry_requests_total",
			Help: "Requests to a registry or token service, by outcome; refused ones were not sent. A ping's challenge counts as unauthorized.",
		}, []string{"host", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "garboard_registry_request_duration_seconds",
			Help:    "Time from sending a request to the first byte of its answer, or to its failure.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 15},
		}, []string{"host", "outcome"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_registry_response_bytes_total",
			Help: "Bytes read of the bodies of answers, unpacked.",
		}, host),
		limits: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "garboard_registry_rate_limit_remaining",
			Help: "Requests that the registry's rate limit leaves, as it last said.",
		}, host),
		circuits: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "garboard_registry_circuit_open",
			Help: "1 since the registry failed, until it answers again; else 0.",
		}, host),
		pausedUntil: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "garboard_registry_paused_until_timestamp_seconds",
			Help: "When the last pause that the registry asked for ends, in seconds since 1970.",
		}, host),
	}
	if err := metrics.Register(registry, m.requests, m.durations, m.bytes, m.limits, m.circuits, m.pausedUntil); err != nil {
		return nil, err
	}
	return m, nil
}

// sent counts a request that is over, and refused one that was not sent.
func (m *Metrics) sent(host, outcome string, took time.Duration, bytes int64, now time.Time) {
	if m == nil {
		return
	}
	label := m.label(host, now)
	m.requests.WithLabelValues(label, outcome).Inc()
	m.durations.WithLabelValues(label, outcome).Observe(took.Seconds())
	m.bytes.WithLabelValues(label).Add(float64(bytes))
}

func (m *Metrics) refused(host string, now time.Time) {
	if m != nil {
		m.requests.WithLabelValues(m.label(host, now), outcomeRefused).Inc()
	}
}

func (m *Metrics) remaining(host string, n int64, now time.Time) {
	if m != nil {
		m.gauge(m.limits, host, float64(n), now)
	}
}

func (m *Metrics) circuit(host string, open bool, now time.Time) {
	if m == nil {
		return
	}
	value := 0.0
	if open {
		value = 1
	}
	m.gauge(m.circuits, host, value, now)
}

func (m *Metrics) paused(host string, until, now time.Time) {
	if m != nil {
		m.gauge(m.pausedUntil, host, float64(until.Unix()), now)
	}
}

// gauge sets a host's value. That of many hosts would be that of none.
func (m *Metrics) gauge(vec *prometheus.GaugeVec, host string, value float64, now time.Time) {
	if label := m.label(host, now); label != otherHosts {
		vec.WithLabelValues(label).Set(value)
	}
}

// label gives a host its label value, and forgets the one whose place it takes.
func (m *Metrics) label(host string, now time.Time) string {
	return m.hosts.label(host, now, func(gone string) {
		for _, vec := range []interface {
			DeletePartialMatch(labels prometheus.Labels) int
		}{m.requests, m.durations, m.bytes, m.limits, m.circuits, m.pausedUntil} {
			vec.DeletePartialMatch(prometheus.Labels{"host": gone})
		}
	})
}

// outcomeOf names what became of a request that was sent.
func outcomeOf(status int, err error) string {
	if err != nil {
		switch kind := failure.Classify(err).Kind; {
		case kind == failure.Blocked:
			return outcomeRefused // by the dialer, at the last moment
		case kind == failure.Timeout:
			return outcomeTimeout
		case status == 0:
			return outcomeUnreachable
		default:
			return outcomeError // the body broke off
		}
	}
	switch {
	case status < http.StatusBadRequest:
		return outcomeSuccess
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return outcomeUnauthorized
	case status == http.StatusNotFound:
		return outcomeNotFound
	case status == http.StatusTooManyRequests:
		return outcomeRateLimited
	default:
		return outcomeError
	}
}
