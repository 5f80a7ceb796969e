package page

import (
	"bytes"
	"context"
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Metrics of the updater that tell how it gets on with a registry.
const (
	metricRequests  = "garboard_registry_requests_total"
	metricRemaining = "garboard_registry_rate_limit_remaining"
	metricCircuit   = "garboard_registry_circuit_open"
	metricPaused    = "garboard_registry_paused_until_timestamp_seconds"
)

// traffic is what the updater counts of one registry.
type traffic struct {
	// Requests are those since the updater began, Refused those that it did not send.
	Requests, Refused int
	// Remaining is what the registry's limit leaves; nil where the registry has not said.
	Remaining *int
	// CircuitOpen: the registry failed, and has not answered since.
	CircuitOpen bool
	// PausedUntil is when a pause ends that the registry asked for; nil where none lasts.
	PausedUntil *metav1.Time
}

// readTraffic reads the metrics of all updaters, by host.
func readTraffic(ctx context.Context, reader MetricsReader, now time.Time) (map[string]traffic, error) {
	texts, err := reader.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]traffic{}
	for _, text := range texts {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("reading the updater's metrics: %w", err)
		}
		for _, name := range []string{metricRequests, metricRemaining, metricCircuit, metricPaused} {
			for _, metric := range families[name].GetMetric() {
				host := labelOf(metric, "host")
				all[host] = all[host].with(name, metric, now)
			}
		}
	}
	return all, nil
}

// with adds one value. Several updaters share a registry: the least that a limit leaves
// counts, and what is true of one is told.
func (t traffic) with(name string, metric *dto.Metric, now time.Time) traffic {
	value := metric.GetGauge().GetValue()
	switch name {
	case metricRequests:
		count := int(metric.GetCounter().GetValue())
		if labelOf(metric, "outcome") == "refused" {
			t.Refused += count
		} else {
			t.Requests += count
		}
	case metricRemaining:
		if left := int(value); t.Remaining == nil || left < *t.Remaining {
			t.Remaining = &left
		}
	case metricCircuit:
		t.CircuitOpen = t.CircuitOpen || value > 0
	case metricPaused:
		if until := time.Unix(int64(value), 0); until.After(now) {
			t.PausedUntil = laterOf(t.PausedUntil, &metav1.Time{Time: until})
		}
	}
	return t
}

func labelOf(metric *dto.Metric, name string) string {
	for _, label := range metric.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}
