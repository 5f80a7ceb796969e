// Package metrics registers the collectors of a package. It knows no other package of
// Garboard, so that all may use it.
package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Register registers all collectors. The error names each that could not be.
func Register(registerer prometheus.Registerer, collectors ...prometheus.Collector) error {
	faults := make([]error, len(collectors))
	for i, collector := range collectors {
		faults[i] = registerer.Register(collector)
	}
	return errors.Join(faults...)
}
