package doctor

import (
	"bytes"
	"context"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics of the updater that tell what nothing in the API server does.
const (
	metricCircuit       = "garboard_registry_circuit_open"
	metricPaused        = "garboard_registry_paused_until_timestamp_seconds"
	metricRemaining     = "garboard_registry_rate_limit_remaining"
	metricNotifications = "garboard_notifications_total"
	metricPushes        = "garboard_push_notifications_total"
	metricInForce       = "garboard_%s_config_last_reload_successful"
)

// Counter tells the metrics of each updater that does the work, in Prometheus' text format.
type Counter interface {
	Metrics(ctx context.Context) ([][]byte, error)
}

// counts are the values of the updaters' metrics, by name.
type counts map[string][]*dto.Metric

// readCounts asks the updaters once.
func (d *Doctor) readCounts(ctx context.Context) (counts, error) {
	if d.found.counts != nil || d.Metrics == nil {
		return d.found.counts, nil
	}
	texts, err := d.Metrics.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	found := counts{}
	for _, text := range texts {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("reading the updater's metrics: %w", err)
		}
		for name, family := range families {
			found[name] = append(found[name], family.GetMetric()...)
		}
	}
	d.found.counts = found
	return found, nil
}

// sums adds up a metric, by the value of one label and then of another.
func (c counts) sums(name, by, then string) map[string]map[string]float64 {
	sums := map[string]map[string]float64{}
	for _, metric := range c[name] {
		first, second := labelOf(metric, by), labelOf(metric, then)
		if sums[first] == nil {
			sums[first] = map[string]float64{}
		}
		sums[first][second] += metric.GetCounter().GetValue()
	}
	return sums
}

// gauges are the values of a metric, by host: of several updaters, as choose has it.
func (c counts) gauges(name string, choose func(a, b float64) float64) map[string]float64 {
	values := map[string]float64{}
	for _, metric := range c[name] {
		host, value := labelOf(metric, "host"), metric.GetGauge().GetValue()
		if before, there := values[host]; there {
			value = choose(before, value)
		}
		values[host] = value
	}
	return values
}

func labelOf(metric *dto.Metric, name string) string {
	for _, label := range metric.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}
