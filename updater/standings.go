package updater

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/updater/report"
)

// Standings returns what is known of the governed workloads of a namespace, or of
// all of them where it is empty, sorted by namespace, kind, name and container.
// It is empty on a replica that does not lead, and has what this one owns where
// several share the work.
func (u *Updater) Standings(namespace string) []report.Standing {
	all := u.report.Standings(func(s *report.Standing) bool {
		return (namespace == "" || s.Namespace == namespace) && u.Ownership.Owns(s.Repository)
	})
	for i := range all {
		if due, known := u.poller.Due(all[i].Repository); known {
			all[i].Next = due
		}
	}
	return all
}

// Describe implements prometheus.Collector.
func (u *Updater) Describe(descriptions chan<- *prometheus.Desc) {
	u.report.Describe(descriptions)
	u.mover.Describe(descriptions)
	if u.approvals != nil {
		u.approvals.Describe(descriptions)
	}
}

// Collect implements prometheus.Collector.
func (u *Updater) Collect(collected chan<- prometheus.Metric) {
	u.report.Collect(collected)
	u.mover.Collect(collected)
	if u.approvals != nil {
		u.approvals.Collect(collected)
	}
}
