package webhook

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what admission decides.
type Metrics struct {
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
// of the table and reasons, never an image.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		resolutions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keelson_admission_resolutions_total",
			Help: "Containers that admission resolved, by the reason of the answer.",
		}, []string{"reason"}),
		unresolvable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "keelson_admission_registry_unavailable_total",
			Help: "Containers that were answered from the last known list, or not at all, since the registry could not be asked.",
		}),
		overloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keelson_admission_overloaded_total",
			Help: "Requests over a limit: unasked ones were answered without waiting for a registry, refused ones not at all.",
		}, []string{"answer"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keelson_admission_panics_total",
			Help: "Panics that were recovered, each a fault of Keelson's; the log has the stack.",
		}, []string{"webhook"}),
	}
	for _, c := range []prometheus.Collector{m.resolutions, m.unresolvable, m.overloads, m.panics} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	for _, answer := range []string{overloadUnasked, overloadRefused} {
		m.overloads.WithLabelValues(answer) // 0 is to be seen, too
	}
	for _, webhook := range []string{MutatePath, ValidatePath, panicOutside} {
		m.panics.WithLabelValues(webhook)
	}
	return m, nil
}

func (m *Metrics) observe(d *Decision) {
	for _, o := range d.outcomes {
		if !o.Answer.Resolve {
			continue
		}
		m.resolutions.WithLabelValues(string(o.Resolution.Reason)).Inc()
		if o.Err != nil || o.Resolution.Stale {
			m.unresolvable.Inc()
		}
		if fault := (*panicError)(nil); errors.As(o.Err, &fault) {
			m.panicked(MutatePath)
		}
	}
}

func (m *Metrics) overloaded(answer string) { m.overloads.WithLabelValues(answer).Inc() }
func (m *Metrics) panicked(webhook string)  { m.panics.WithLabelValues(webhook).Inc() }
