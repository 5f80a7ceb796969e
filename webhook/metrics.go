package webhook

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// Metrics counts what admission decides. A nil one counts nothing.
type Metrics struct {
	durations    *prometheus.HistogramVec
	patches      prometheus.Histogram
	rows         *prometheus.CounterVec
	resolutions  *prometheus.CounterVec
	unresolvable prometheus.Counter
	overloads    *prometheus.CounterVec
	panics       *prometheus.CounterVec
}

// Values of the label "answer" of the requests over a limit.
const (
	overloadUnasked = "unasked" // from what was known
	overloadRefused = "refused"
)

// NewMetrics registers the webhook's metrics. Their labels are bounded: rows
// of the table and reasons, never an image. Dry runs are counted like all other
// requests, since they are answered alike; the rows tell them apart.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "garboard_admission_duration_seconds",
			Help: "Time from a read request to its answer, by what became of it.",
			// A warm answer takes well under a millisecond, and the API server
			// waits 30 seconds at most.
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
			// For scrapers that ask for native histograms.
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"webhook", "operation", "outcome"}),
		patches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "garboard_admission_patch_bytes",
			Help:    "Size of the JSON patches of answers that have one.",
			Buckets: prometheus.ExponentialBuckets(128, 2, 9),
		}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_admission_decisions_total",
			Help: "Containers that admission decided about, by the row of the table in how-it-works.md.",
		}, []string{"row", "dry_run"}),
		resolutions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_admission_resolutions_total",
			Help: "Containers that admission resolved, by the reason of the answer.",
		}, []string{"reason"}),
		unresolvable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "garboard_admission_registry_unavailable_total",
			Help: "Containers that were answered from the last known list, or not at all, since the registry could not be asked.",
		}),
		overloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_admission_overloaded_total",
			Help: "Requests over a limit: unasked ones were answered without waiting for a registry, refused ones not at all.",
		}, []string{"answer"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_admission_panics_total",
			Help: "Panics that were recovered, each a fault of Garboard's; the log has the stack.",
		}, []string{"webhook"}),
	}
	if err := metrics.Register(registry, m.durations, m.patches, m.rows, m.resolutions, m.unresolvable, m.overloads, m.panics); err != nil {
		return nil, err
	}
	for _, answer := range []string{overloadUnasked, overloadRefused} {
		m.overloads.WithLabelValues(answer) // 0 is to be seen, too
	}
	for _, webhook := range []string{hookMutate, hookValidate, panicOutside} {
		m.panics.WithLabelValues(webhook)
	}
	return m, nil
}

// observe counts the containers of a decision.
func (m *Metrics) observe(d *Decision, dryRun bool) {
	if m == nil {
		return
	}
	for i := range d.outcomes {
		o := &d.outcomes[i]
		m.rows.WithLabelValues(rowName(o.Answer.Row), strconv.FormatBool(dryRun)).Inc()
		if !o.Answer.Resolve {
			continue
		}
		m.resolutions.WithLabelValues(string(o.Resolution.Reason)).Inc()
		if o.Err != nil || o.Resolution.Stale {
			m.unresolvable.Inc()
		}
		if fault := (*panicError)(nil); errors.As(o.Err, &fault) {
			m.panicked(hookMutate)
		}
	}
}

func (m *Metrics) overloaded(answer string) {
	if m != nil {
		m.overloads.WithLabelValues(answer).Inc()
	}
}

func (m *Metrics) panicked(webhook string) {
	if m != nil {
		m.panics.WithLabelValues(webhook).Inc()
	}
}

// answered counts a request that is over. A patch of no bytes is none.
func (m *Metrics) answered(hook, operation string, became requestOutcome, took time.Duration, patchBytes int) {
	if m == nil {
		return
	}
	m.durations.WithLabelValues(hook, operation, string(became)).Observe(took.Seconds())
	if patchBytes > 0 {
		m.patches.Observe(float64(patchBytes))
	}
}
