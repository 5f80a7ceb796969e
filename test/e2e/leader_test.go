package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/updater/status"
)

// soon are flags of an updater that is going to be killed: the next one leads after ten
// seconds, and not after thirty. They are no shorter, since a leader that cannot renew its
// Lease, on a machine that is busy enough, ends.
func soon(more ...string) []string {
	return append([]string{"--leader-elect-lease-duration=10s", "--leader-elect-renew-deadline=8s", "--leader-elect-retry-period=500ms"}, more...)
}

// updater runs an updater with other flags for the time of a test.
func (s *space) updater(args ...string) {
	s.t.Helper()
	s.restart(args...)
	s.t.Cleanup(func() { s.restart() })
}

func (s *space) restart(args ...string) {
	s.t.Helper()
	s.stopUpdater()
	s.startUpdater(args...)
}

// stopUpdater ends the updater in good order.
func (s *space) stopUpdater() {
	s.t.Helper()
	s.needAlone()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	if err := s.garboard.StopUpdater(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// killUpdater ends it without warning: its Lease has to run out.
func (s *space) killUpdater() {
	s.t.Helper()
	s.needAlone()
	if err := s.garboard.Updater().Kill(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *space) startUpdater(args ...string) {
	s.t.Helper()
	s.needAlone()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	if err := s.garboard.StartUpdater(ctx, args...); err != nil {
		s.t.Fatal(err)
	}
}

// waits waits until a Deployment has a newer image that is not used for a reason, as
// `garboard status` tells.
func (s *space) waits(name, reason, message string) {
	s.t.Helper()
	s.await(name+" to wait", func(ctx context.Context) error {
		items, err := s.standings(ctx)
		if err != nil {
			return err
		}
		for _, item := range items {
			if item.Name == name && item.State == "Pending" && item.Reason == reason && strings.Contains(item.Message, message) {
				return nil
			}
		}
		return fmt.Errorf("the status is %+v", items)
	})
}

// standings asks the updater itself: no Pod of the cluster stands for it.
func (s *space) standings(ctx context.Context) ([]status.Item, error) {
	at, err := url.Parse(s.garboard.Updater().Status)
	if err != nil {
		return nil, err
	}
	list, err := (&status.Direct{URL: at, Client: http.DefaultClient}).List(ctx, s.name)
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// polled waits until each container of the space that is polled was checked three more
// times.
func (s *space) polled() {
	s.t.Helper()
	checks, last := map[string]int{}, map[string]time.Time{}
	s.await("three more polls", func(ctx context.Context) error {
		items, err := s.standings(ctx)
		if err != nil {
			return err
		}
		for _, item := range items {
			if item.NextCheck == nil || item.LastCheck == nil {
				continue
			}
			key := item.Kind + " " + item.Name + " " + item.Container
			before, known := last[key]
			if known && item.LastCheck.After(before) {
				checks[key]++
			}
			last[key] = item.LastCheck.Time
		}
		for key := range last {
			if checks[key] < 3 {
				return fmt.Errorf("%s: %d", key, checks[key])
			}
		}
		if len(last) == 0 {
			return errors.New("nothing is polled")
		}
		return nil
	})
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
