package updater

import "github.com/prometheus/client_golang/prometheus"

// Outcomes of a bump, as the metric names them.
const (
	outcomeMoved    = "moved"
	outcomeUnmoved  = "unmoved"
	outcomeBypassed = "admission_bypassed"
	outcomeStopped  = "workload_stopped"
	outcomeFailed   = "failed"
)

// Metrics counts what the updater does.
type Metrics struct {
	polls        *prometheus.CounterVec
	bumps        *prometheus.CounterVec
	repositories prometheus.Gauge
}

// NewMetrics registers the updater's metrics. Their labels are bounded:
// outcomes, never a repository.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keelson_updater_polls_total", Help: "Polls of a repository, by outcome.",
		}, []string{"outcome"}),
		bumps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keelson_updater_bumps_total", Help: "Bumps of a workload, by what became of them.",
		}, []string{"outcome"}),
		repositories: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "keelson_updater_repositories", Help: "Repositories that are polled.",
		}),
	}
	for _, c := range []prometheus.Collector{m.polls, m.bumps, m.repositories} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) poll(err error) {
	outcome := "read"
	if err != nil {
		outcome = outcomeFailed
	}
	m.polls.WithLabelValues(outcome).Inc()
}
