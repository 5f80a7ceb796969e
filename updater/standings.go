package updater

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
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

// Versions reads what the versions of one container are, for a person: see poll.Versions.
// The error says that the container is not followed here.
func (u *Updater) Versions(ctx context.Context, namespace, kind, name, container string, of []record.Result) (*report.Versions, error) {
	for _, each := range u.Kinds.Rolling() {
		if each.GroupVersionKind.Kind != kind {
			continue
		}
		told, err := u.poller.Versions(ctx, watched.NewKey(each.GroupVersionKind, namespace, name), container, of)
		if err == nil {
			return told, nil
		}
	}
	return nil, poll.ErrNotFollowed
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
