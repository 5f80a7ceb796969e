package chat

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// Metrics are those of chats.
type Metrics struct {
	connected *prometheus.GaugeVec
	commands  *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		connected: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "garboard_chat_connected",
			Help: "1 if the service of a chat is connected; else 0.",
		}, []string{"service"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "garboard_chat_commands_total",
			Help: "Commands and votes of people in a chat, by whether they were done or refused.",
		}, []string{"service", "outcome"}),
	}
	if err := metrics.Register(registry, m.connected, m.commands); err != nil {
		return nil, err
	}
	return m, nil
}

// Connected notes how a connection stands.
func (m *Metrics) Connected(service string, yes bool) {
	value := 0.0
	if yes {
		value = 1
	}
	m.connected.WithLabelValues(service).Set(value)
}

// Unset forgets a connection that the settings no longer ask for.
func (m *Metrics) Unset(service string) { m.connected.DeleteLabelValues(service) }

// Answered counts a command.
func (m *Metrics) Answered(service string, done bool) {
	outcome := "refused"
	if done {
		outcome = "done"
	}
	m.commands.WithLabelValues(service, outcome).Inc()
}
