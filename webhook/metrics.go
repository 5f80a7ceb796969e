package webhook

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what admission decides.
type Metrics struct {
	resolutions  *prometheus.CounterVec
	unresolvable prometheus.Counter
}

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
	}
	for _, c := range []prometheus.Collector{m.resolutions, m.unresolvable} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
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
	}
}
