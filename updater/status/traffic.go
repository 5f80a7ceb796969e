package status

import (
	"bytes"
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// Metrics of the updater that tell how it gets on with a registry.
const (
	metricRequests  = "garboard_registry_requests_total"
	metricRemaining = "garboard_registry_rate_limit_remaining"
	metricCircuit   = "garboard_registry_circuit_open"
	metricPaused    = "garboard_registry_paused_until_timestamp_seconds"
)

// Counts are the values of the metrics of all updaters, by name.
type Counts map[string][]*dto.Metric

// ReadCounts reads the texts that Client.Metrics returns.
func ReadCounts(texts [][]byte) (Counts, error) {
	counts := Counts{}
	for _, text := range texts {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("reading the updater's metrics: %w", err)
		}
		for name, family := range families {
			counts[name] = append(counts[name], family.GetMetric()...)
		}
	}
	return counts, nil
}

// LabelOf is the value of a metric's label; empty where it has none of the name.
func LabelOf(metric *dto.Metric, name string) string {
	for _, label := range metric.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}

// Traffic is what the updaters count of one registry.
type Traffic struct {
	// Requests are those since the updaters began, Refused those that they did not send.
	Requests, Refused int
	// Remaining is what the registry's limit leaves; nil where the registry has not said.
	Remaining *int
	// CircuitOpen: the registry failed, and has not answered since.
	CircuitOpen bool
	// PausedUntil is when a pause ends that the registry asked for; nil where none lasts.
	PausedUntil *metav1.Time
}

// Traffic tells how the updaters get on with each registry, by the host that references
// name, and with the hosts of mirrors and token services.
func (c Counts) Traffic(now time.Time) map[string]Traffic {
	all := map[string]Traffic{}
	for _, name := range []string{metricRequests, metricRemaining, metricCircuit, metricPaused} {
		for _, metric := range c[name] {
			host := registry.HostOf(LabelOf(metric, "host"))
			all[host] = all[host].with(name, metric, now)
		}
	}
	return all
}

// with adds one value. Several updaters share a registry: the least that a limit leaves
// counts, and what is true of one is told.
func (t Traffic) with(name string, metric *dto.Metric, now time.Time) Traffic {
	value := metric.GetGauge().GetValue()
	switch name {
	case metricRequests:
		count := int(metric.GetCounter().GetValue())
		if LabelOf(metric, "outcome") == "refused" {
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
		if until := metav1.Unix(int64(value), 0); until.After(now) && (t.PausedUntil == nil || t.PausedUntil.Before(&until)) {
			t.PausedUntil = &until
		}
	}
	return t
}
