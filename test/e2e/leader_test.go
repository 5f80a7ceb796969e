package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// updater runs an updater with other flags for the time of a test.
func (s *space) updater(args ...string) {
	s.t.Helper()
	s.restart(args...)
	s.t.Cleanup(func() { s.restart() })
}

func (s *space) restart(args ...string) {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	if err := shared.garboard.StopUpdater(ctx); err != nil {
		s.t.Fatal(err)
	}
	if err := shared.garboard.StartUpdater(ctx, args...); err != nil {
		s.t.Fatal(err)
	}
}

// kill ends the updater without warning, and starts another.
func (s *space) kill() {
	s.t.Helper()
	if err := shared.garboard.Updater().Kill(); err != nil {
		s.t.Fatal(err)
	}
	if err := shared.garboard.StartUpdater(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// waits waits until a Deployment has a newer image that is not used for a reason, as
// `garboard status` tells.
func (s *space) waits(name, reason, message string) {
	s.t.Helper()
	s.await(name+" to wait", func(context.Context) error {
		for _, item := range s.standings() {
			if item.Name == name && item.State == "Pending" && item.Reason == reason && strings.Contains(item.Message, message) {
				return nil
			}
		}
		return fmt.Errorf("the status is %+v", s.standings())
	})
}

// standings asks the updater itself: no Pod of the cluster stands for it.
func (s *space) standings() []statusItem {
	s.t.Helper()
	_, list := (&steps{s, ""}).status("--updater-url=" + shared.garboard.Updater().Status)
	return list.Items
}

// movedAt is when the updater moved a Deployment, by its managed fields.
func (s *space) movedAt(name string) time.Time {
	s.t.Helper()
	for _, entry := range s.deployment(name).ManagedFields {
		if entry.Manager == "garboard-updater" && entry.Subresource == "" {
			return entry.Time.Time
		}
	}
	s.t.Fatal("the updater has not moved it")
	return time.Time{}
}
