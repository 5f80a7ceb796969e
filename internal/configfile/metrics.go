package configfile

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/metrics"
)

// Register tells in two metrics how the settings stand: inForce is 1 while the files, as
// they were last read, are in force, and since is when settings were last put in force.
func (w *Watcher[T]) Register(registerer prometheus.Registerer, inForce, since prometheus.GaugeOpts) error {
	err := metrics.Register(registerer,
		prometheus.NewGaugeFunc(inForce, func() float64 {
			if w.LastReload().Success {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(since, func() float64 {
			return float64(w.LastReload().Time.UnixMilli()) / 1000
		}),
	)
	if err != nil {
		return fmt.Errorf("registering the metrics of %s: %w", w.options.What, err)
	}
	return nil
}
