package main

import (
	"context"
	"fmt"

	eventsv1client "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Events come in bursts: a release of a base image may be one for each workload that
// there is. Sent all at once they would keep the API server from what matters, the
// updater's own Lease among it; so the others wait for these.
const (
	eventsPerSecond = 100
	eventsAtOnce    = 100
)

// newEventRecorder returns what Events are written with, and what ends it.
func newEventRecorder(ctx context.Context, manager ctrl.Manager) (events.EventRecorder, func(), error) {
	config := rest.CopyConfig(manager.GetConfig())
	config.QPS, config.Burst = eventsPerSecond, eventsAtOnce
	client, err := eventsv1client.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("making the client for Events: %w", err)
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client})
	// What was decided before the end is told after it.
	if err := broadcaster.StartRecordingToSinkWithContext(context.WithoutCancel(ctx)); err != nil {
		return nil, nil, fmt.Errorf("starting to record Events: %w", err)
	}
	return broadcaster.NewRecorder(manager.GetScheme(), "garboard-updater"), broadcaster.Shutdown, nil
}
