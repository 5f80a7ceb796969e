package receiver

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// Metrics counts notifications.
type Metrics struct {
	notifications *prometheus.CounterVec
}

// NewMetrics registers the receiver's metrics. Their labels are bounded: kinds of
// senders and outcomes, never a repository.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "garboard_push_notifications_total", Help: "Push notifications, by kind of sender and outcome.",
	}, []string{"sender", "outcome"})}
	if err := metrics.Register(registry, m.notifications); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Metrics) notified(sender config.SenderKind, o outcome) {
	m.notifications.WithLabelValues(string(sender), string(o)).Inc()
}
