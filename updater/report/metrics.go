package report

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// Outcomes of a bump, as the metric names them.
const (
	outcomeMoved    = "moved"
	outcomeUnmoved  = "unmoved"
	outcomeBypassed = "admission_bypassed"
	outcomeStopped  = "workload_stopped"
	outcomeFailed   = "failed"
)

// Outcomes of rollouts, as the metric names them.
const (
	rolloutStarted    = "started"
	rolloutSucceeded  = "succeeded"
	rolloutFailed     = "failed"
	rolloutRolledBack = "rolled_back"
)

// Metrics counts what the updater does.
type Metrics struct {
	polls        *prometheus.CounterVec
	bumps        *prometheus.CounterVec
	rollouts     *prometheus.CounterVec
	repositories prometheus.Gauge
	pollLag      prometheus.Histogram
	pushToBump   prometheus.Histogram
	depth        *prometheus.GaugeVec
}

// NewMetrics registers the updater's metrics. Their labels are bounded:
// outcomes, never a repository.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_updater_polls_total", Help: "Polls of a repository, by outcome.",
		}, []string{"outcome"}),
		bumps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_updater_bumps_total", Help: "Bumps of a workload, by what became of them.",
		}, []string{"outcome"}),
		repositories: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "garboard_updater_repositories", Help: "Repositories that are polled.",
		}),
		rollouts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_updater_rollouts_total", Help: "Rollouts that bumps began, by what became of them.",
		}, []string{"outcome"}),
		pollLag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "garboard_updater_poll_lag_seconds", Help: "How much later than planned polls began.",
			Buckets: []float64{0.01, 0.1, 1, 5, 15, 60, 300},
		}),
		pushToBump: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "garboard_updater_push_to_bump_seconds", Help: "From the receipt of a push notification to the bump of a workload, gates included.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600},
		}),
		depth: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "garboard_updater_queue_depth", Help: "Items that are due and wait for a worker, by queue.",
		}, []string{"queue"}),
	}
	for _, outcome := range []string{rolloutStarted, rolloutSucceeded, rolloutFailed, rolloutRolledBack} {
		m.rollouts.WithLabelValues(outcome) // zero before the first
	}
	if err := metrics.Register(registry, m.polls, m.bumps, m.rollouts, m.repositories, m.pollLag, m.pushToBump, m.depth); err != nil {
		return nil, err
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

func (m *Metrics) rollout(outcome string) { m.rollouts.WithLabelValues(outcome).Inc() }

// DepthOf counts the items of a queue.
func (m *Metrics) DepthOf(queue string) func(int) {
	gauge := m.depth.WithLabelValues(queue)
	return func(n int) { gauge.Set(float64(n)) }
}

// pendingMoves is collected from the standings.
var pendingMoves = prometheus.NewDesc("garboard_updater_pending_moves",
	"Containers that have a newer image which is not used yet, by what keeps it back.", []string{"reason"}, nil)

// nextOpening is collected from the standings, too.
var nextOpening = prometheus.NewDesc("garboard_updater_next_opening_seconds",
	"How long the first of the containers that wait has to, where what keeps it back ends by itself.", []string{"reason"}, nil)
