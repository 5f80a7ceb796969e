package relay

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// Metrics counts what the relay writes.
type Metrics struct {
	writes *prometheus.CounterVec
}

// NewMetrics registers the relay's metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{writes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "garboard_push_relay_writes_total", Help: "Writes of pushes for other replicas, by outcome.",
	}, []string{"outcome"})}
	if err := metrics.Register(registry, m.writes); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Metrics) wrote(err error) {
	outcome := "written"
	if err != nil {
		outcome = "failed"
	}
	m.writes.WithLabelValues(outcome).Inc()
}
