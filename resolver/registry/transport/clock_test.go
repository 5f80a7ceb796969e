package transport

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/resolver/internal/testclock"
)

func newClock() *testclock.Clock {
	return testclock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
}

// whole is the jitter that shortens nothing.
func whole() float64 { return 1 }

func newMetrics(t *testing.T) (*Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	m, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}
