package notify

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// Outcomes of a notice, the values of a metric's label.
const (
	outcomeSent    = "sent"
	outcomeRetried = "retried"
	outcomeFailed  = "failed"
	outcomeDropped = "dropped"
)

// Reasons for a notice that no channel takes, the values of a metric's label.
const (
	reasonUnknown   = "unknown-channel"
	reasonNamespace = "namespace-not-allowed"
)

// Metrics count what became of notices. Channels are those of the settings, of
// which there are no more than 100.
type Metrics struct {
	total    *prometheus.CounterVec
	pending  *prometheus.GaugeVec
	unrouted *prometheus.CounterVec
	kept     prometheus.Counter
}

// NewMetrics registers the metrics. The error is that of a name in use.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_notifications_total",
			Help: "Notices by channel and what became of them: sent, retried (counted at each try that is followed by another), failed after the last try, dropped.",
		}, []string{"channel", "outcome"}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "garboard_notifications_pending",
			Help: "Notices that wait for a channel, or are being sent to it.",
		}, []string{"channel"}),
		unrouted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_notifications_unrouted_total",
			Help: "Channels named by workloads that did not get the notice, by reason.",
		}, []string{"reason"}),
		kept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "garboard_notifications_keep_errors_total",
			Help: "Failures to keep in the API server what waits to be sent.",
		}),
	}
	for _, reason := range []string{reasonUnknown, reasonNamespace} {
		m.unrouted.WithLabelValues(reason)
	}
	err := metrics.Register(registerer, m.total, m.pending, m.unrouted, m.kept)
	if err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	return m, nil
}

// appear makes a channel's series, so that a rate has somewhere to start.
func (m *Metrics) appear(channel string) {
	for _, outcome := range []string{outcomeSent, outcomeRetried, outcomeFailed, outcomeDropped} {
		m.total.WithLabelValues(channel, outcome)
	}
	m.pending.WithLabelValues(channel)
}

func (m *Metrics) vanish(channel string) {
	m.total.DeletePartialMatch(prometheus.Labels{"channel": channel})
	m.pending.DeleteLabelValues(channel)
}

func (m *Metrics) count(channel, outcome string, notices int) {
	m.total.WithLabelValues(channel, outcome).Add(float64(notices))
}
