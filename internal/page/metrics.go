package page

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
	"github.com/garboard-dev/garboard/internal/page/signin"
)

// Metrics count who comes in to a page that people share.
type Metrics struct {
	signIns *prometheus.CounterVec
}

// Outcomes of a sign-in.
const (
	outcomeSignedIn = "signed_in"
	outcomeRefused  = "refused"
	outcomeFailed   = "failed"
)

// NewMetrics registers the metrics. sessions tells how many last.
func NewMetrics(registerer prometheus.Registerer, sessions func() int) (*Metrics, error) {
	m := &Metrics{signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "garboard_page_sign_ins_total",
		Help: "People who signed in to the page by OIDC, and requests that were refused for who sent them, by outcome.",
	}, []string{"outcome"})}
	for _, outcome := range []string{outcomeSignedIn, outcomeRefused, outcomeFailed} {
		m.signIns.WithLabelValues(outcome)
	}
	return m, metrics.Register(registerer, m.signIns, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "garboard_page_sessions",
		Help: "Sessions of people who have signed in to the page by OIDC, and not out again.",
	}, func() float64 { return float64(sessions()) }))
}

// count counts an attempt to come in.
func (m *Metrics) count(err error) {
	if m == nil {
		return
	}
	var refusal *signin.RefusalError
	switch {
	case err == nil:
		m.signIns.WithLabelValues(outcomeSignedIn).Inc()
	case errors.As(err, &refusal) && refusal.Code < 500:
		m.signIns.WithLabelValues(outcomeRefused).Inc()
	default:
		m.signIns.WithLabelValues(outcomeFailed).Inc()
	}
}
