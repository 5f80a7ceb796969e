package doctor

import (
	"context"

	"github.com/garboard-dev/garboard/updater/status"
)

// Metrics of the updater that tell what nothing in the API server does. Those of registries
// are status.Traffic.
const (
	metricNotifications = "garboard_notifications_total"
	metricPushes        = "garboard_push_notifications_total"
	metricInForce       = "garboard_%s_config_last_reload_successful"
)

// Counter tells the metrics of each updater that does the work, in Prometheus' text format.
type Counter interface {
	Metrics(ctx context.Context) ([][]byte, error)
}

// readCounts asks the updaters once.
func (d *Doctor) readCounts(ctx context.Context) (status.Counts, error) {
	if d.found.counts != nil || d.Metrics == nil {
		return d.found.counts, nil
	}
	texts, err := d.Metrics.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	d.found.counts, err = status.ReadCounts(texts)
	return d.found.counts, err
}

// sumsOf adds up a metric, by the value of one label and then of another.
func sumsOf(c status.Counts, name, by, then string) map[string]map[string]float64 {
	sums := map[string]map[string]float64{}
	for _, metric := range c[name] {
		first, second := status.LabelOf(metric, by), status.LabelOf(metric, then)
		if sums[first] == nil {
			sums[first] = map[string]float64{}
		}
		sums[first][second] += metric.GetCounter().GetValue()
	}
	return sums
}
