package approval

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

var imageUpdates = prometheus.NewDesc("garboard_updater_image_updates",
	"ImageUpdates in the cluster, by phase.", []string{"phase"}, nil)

// phases are all that the metric has a value for.
var phases = []v1alpha1.Phase{
	v1alpha1.PhasePending, v1alpha1.PhaseApproved, v1alpha1.PhaseRejected, v1alpha1.PhaseExpired, v1alpha1.PhaseSuperseded,
	v1alpha1.PhaseRollingOut, v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack,
}

// Describe implements prometheus.Collector.
func (s *Stage) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- imageUpdates }

// Collect implements prometheus.Collector: it counts what would otherwise have to be
// counted with each change.
func (s *Stage) Collect(collected chan<- prometheus.Metric) {
	counts := s.store.count()
	for _, phase := range phases {
		collected <- prometheus.MustNewConstMetric(imageUpdates, prometheus.GaugeValue, float64(counts[phase]), string(phase))
	}
}
