package main

import (
	"bytes"
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/updater/shard"
)

// usage is what the processes say of themselves at a moment.
type usage struct {
	updaters []metrics
	peaks    []float64
	server   apiServer
	// transitions is how often Leases of shards have changed hands.
	transitions int
}

// apiServer is what the API server says of itself.
type apiServer struct {
	// CPU are the seconds of a CPU that it has taken.
	CPU float64
	// ResidentBytes are its own, and StoredBytes those of etcd's file.
	ResidentBytes, StoredBytes float64
}

func (s *stage) usage(ctx context.Context) (u usage, err error) {
	if u.updaters, err = s.running.metrics(ctx); err != nil {
		return u, err
	}
	if u.peaks, err = s.running.peaks(); err != nil {
		return u, err
	}
	if u.server, err = s.apiServer(ctx); err != nil {
		return u, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	u.transitions, err = s.transitions(ctx)
	return u, err
}

func (s *stage) apiServer(ctx context.Context) (apiServer, error) {
	text, err := s.client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return apiServer{}, err
	}
	all, err := parseMetrics(bytes.NewReader(text))
	return apiServer{CPU: all[metricCPU], ResidentBytes: all[metricResident], StoredBytes: all["apiserver_storage_size_bytes"]}, err
}

// transitions reads how often the Leases of shards have changed hands; of one updater there
// are none.
func (s *stage) transitions(ctx context.Context) (sum int, err error) {
	if s.shards == 1 {
		return 0, nil
	}
	for n := range s.shards {
		lease, err := s.client.CoordinationV1().Leases("garboard").Get(ctx, shard.LeaseName(n), metav1.GetOptions{})
		if err != nil {
			return 0, err
		}
		sum += int(ptr.Deref(lease.Spec.LeaseTransitions, 0))
	}
	return sum, nil
}

// moved notes what was taken between two moments, and the requests that each updater made.
func (f *figure) moved(before, after usage, made []requests) {
	f.APIServer = after.server
	f.APIServer.CPU -= before.server.CPU
	f.Transitions = after.transitions - before.transitions
	for i := range f.Updaters {
		p := &f.Updaters[i]
		p.Shards = int(after.updaters[i][metricShards])
		p.PeakBytes = after.peaks[i]
		p.Moved = int(after.updaters[i][metricMoved] - before.updaters[i][metricMoved])
		p.Move = made[i]
		p.CPU = after.updaters[i][metricCPU] - before.updaters[i][metricCPU]
	}
}
