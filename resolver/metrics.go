package resolver

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// What was looked up, and how it was answered, as the metric names them.
const (
	lookupList   = "list"
	lookupDigest = "digest"
	lookupImage  = "image"

	resultCached = "cached" // without waiting for a request
	resultRead   = "read"
	resultStale  = "stale" // older than asked for: the registry could not be read
	resultFailed = "failed"
)

// Metrics tells how a Resolver answers. Their labels are bounded: never a
// registry, repository or tag. A nil Metrics counts nothing.
type Metrics struct {
	lookups *prometheus.CounterVec
	age     prometheus.Histogram
	suspect prometheus.Counter
	lacking prometheus.Counter
}

// NewMetrics registers the metrics of a Resolver.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_resolver_lookups_total",
			Help: "Tag lists, digests and images that were looked up, by how the answer was had.",
		}, []string{"what", "result"}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "garboard_resolver_index_age_seconds",
			Help:    "Age of the tag list that an answer was made of.",
			Buckets: []float64{1, 10, 60, 300, 900, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600},
		}),
		suspect: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "garboard_resolver_suspect_lists_total",
			Help: "Tag lists that were read and kept out, since they were empty or had lost half of their tags.",
		}),
		lacking: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "garboard_resolver_lists_without_running_tag_total",
			Help: "Answers that stayed since the tag list lacked the tag that they start from.",
		}),
	}
	if err := metrics.Register(registry, m.lookups, m.age, m.suspect, m.lacking); err != nil {
		return nil, err
	}
	return m, nil
}

// looked counts one lookup: reads is how many were made for it, err why what
// is known is older than asked for.
func (m *Metrics) looked(what string, read, known bool, err error) {
	if m == nil {
		return
	}
	result := resultCached
	switch {
	case err != nil && known:
		result = resultStale
	case err != nil:
		result = resultFailed
	case read:
		result = resultRead
	}
	m.lookups.WithLabelValues(what, result).Inc()
}

func (m *Metrics) aged(age time.Duration) {
	if m != nil {
		m.age.Observe(age.Seconds())
	}
}

func (m *Metrics) suspected() {
	if m != nil {
		m.suspect.Inc()
	}
}

func (m *Metrics) lacked() {
	if m != nil {
		m.lacking.Inc()
	}
}
