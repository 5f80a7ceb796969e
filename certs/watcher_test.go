package certs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher/metrics"

	"github.com/garboard-dev/garboard/certs"
)

// A Pod that starts before cert-manager has issued must neither crash nor say
// that it is ready.
func TestWatcherWaitsForTheFiles(t *testing.T) {
	volume := newVolume(t)
	w := start(t, certs.WatcherOptions{Dir: volume.dir})

	if _, err := w.GetCertificate(nil); !errors.Is(err, certs.ErrNotLoaded) {
		t.Errorf("GetCertificate before the files exist: got error %v, want %v", err, certs.ErrNotLoaded)
	}
	err := w.Ready(nil)
	if !errors.Is(err, certs.ErrNotLoaded) || !strings.Contains(err.Error(), volume.dir) {
		t.Errorf("Ready before the files exist: got error %v, want %v with the folder's name", err, certs.ErrNotLoaded)
	}

	issued := newAuthority(t).issue(t, time.Now().Add(time.Hour))
	volume.publish(t, issued)

	eventually(t, "the watcher is ready", func() bool { return w.Ready(nil) == nil })
	if !serves(w, issued.serial) {
		t.Errorf("ready, but not with certificate %d", issued.serial)
	}
}

func TestWatcherFollowsAChangedPair(t *testing.T) {
	tests := map[string]time.Duration{
		"by a file system event, long before the next poll": time.Hour,
		"by polling and events":                             10 * time.Millisecond,
	}
	for name, interval := range tests {
		t.Run(name, func(t *testing.T) {
			ca, volume := newAuthority(t), newVolume(t)
			first := ca.issue(t, time.Now().Add(time.Hour))
			volume.publish(t, first)
			w := start(t, certs.WatcherOptions{Dir: volume.dir, Interval: interval})
			eventually(t, "the first certificate is served", func() bool { return serves(w, first.serial) })

			// The watch is added a moment after the first read, and tells nothing
			// of a change in between: so one more change, where an event must do.
			var renewed pair
			attempts := 0
			eventually(t, "a renewed certificate is served", func() bool {
				if attempts%200 == 0 {
					renewed = ca.issue(t, time.Now().Add(time.Hour))
					volume.publish(t, renewed)
				}
				attempts++
				return serves(w, renewed.serial)
			})
		})
	}
}

// Read between the two writes of a renewal, the files are the certificate of
// the old pair and the key of the new one. Serving that would fail every
// handshake, so the old pair has to stay.
func TestWatcherKeepsThePairWhileTheFilesAreNone(t *testing.T) {
	ca, volume := newAuthority(t), newVolume(t)
	old, renewed := ca.issue(t, time.Now().Add(time.Hour)), ca.issue(t, time.Now().Add(2*time.Hour))
	volume.publish(t, old)
	w := start(t, certs.WatcherOptions{Dir: volume.dir})
	eventually(t, "the first certificate is served", func() bool { return serves(w, old.serial) })

	refused := refusedReads(t)
	volume.overwrite(t, certs.KeyFile, renewed.key)
	eventually(t, "the half-written pair was read", func() bool { return refusedReads(t) > refused })
	if !serves(w, old.serial) {
		t.Errorf("the old certificate is not served any more while the files are no pair")
	}
	if err := w.Ready(nil); err != nil {
		t.Errorf("Ready while the files are no pair: got error %v, want none", err)
	}

	volume.overwrite(t, certs.CertFile, renewed.cert)
	eventually(t, "the renewed certificate is served", func() bool { return serves(w, renewed.serial) })
}

func TestWatcherServesOnWithoutItsFiles(t *testing.T) {
	volume := newVolume(t)
	issued := newAuthority(t).issue(t, time.Now().Add(time.Hour))
	volume.publish(t, issued)
	w := start(t, certs.WatcherOptions{Dir: volume.dir})
	eventually(t, "the certificate is served", func() bool { return serves(w, issued.serial) })

	refused := refusedReads(t)
	must(t, os.Remove(filepath.Join(volume.dir, "..data")))
	eventually(t, "the missing files were noticed", func() bool { return refusedReads(t) > refused })

	if err := w.Ready(nil); err != nil || !serves(w, issued.serial) {
		t.Errorf("after the files went away: got error %v, want the certificate served on", err)
	}
}

func TestWatcherTellsOfAnExpiredCertificate(t *testing.T) {
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	clock := make(chan time.Time, 1)
	volume := newVolume(t)
	volume.publish(t, newAuthority(t).issue(t, end))
	w := start(t, certs.WatcherOptions{Dir: volume.dir, Now: func() time.Time {
		now := <-clock
		clock <- now
		return now
	}})

	clock <- end
	eventually(t, "the watcher is ready", func() bool { return w.Ready(nil) == nil })
	<-clock
	clock <- end.Add(time.Second)

	var expired *certs.ExpiredError
	if err := w.Ready(nil); !errors.As(err, &expired) || !expired.NotAfter.Equal(end) {
		t.Errorf("Ready a second after the end: got error %v, want an ExpiredError of %v", err, end)
	}
}

func TestWatcherPublishesTheExpiry(t *testing.T) {
	registry := prometheus.NewRegistry()
	volume := newVolume(t)
	w := start(t, certs.WatcherOptions{Dir: volume.dir, Registerer: registry})
	if got := expiryMetric(t, registry); got != 0 {
		t.Errorf("expiry without a certificate: got %v, want 0", got)
	}

	end := time.Now().Add(time.Hour)
	volume.publish(t, newAuthority(t).issue(t, end))
	eventually(t, "the watcher is ready", func() bool { return w.Ready(nil) == nil })

	if got, want := expiryMetric(t, registry), float64(end.Unix()); got != want {
		t.Errorf("expiry: got %v, want %v", got, want)
	}
	if _, err := certs.NewWatcher(certs.WatcherOptions{Dir: volume.dir, Registerer: registry}); err == nil {
		t.Error("a second watcher on one registry: got no error, want one")
	}
}

func TestNewWatcherNeedsAFolder(t *testing.T) {
	if _, err := certs.NewWatcher(certs.WatcherOptions{}); err == nil {
		t.Error("no folder: got no error, want one")
	}
	if _, err := certs.NewWatcher(certs.WatcherOptions{Cert: "a"}); err == nil {
		t.Error("a certificate without its key: got no error, want one")
	}
}

func TestWatcherTakesFilesByTheirNames(t *testing.T) {
	dir, issued := t.TempDir(), newAuthority(t).issue(t, time.Now().Add(time.Hour))
	cert, key := filepath.Join(dir, "push.pem"), filepath.Join(dir, "push.key")
	must(t, os.WriteFile(cert, issued.cert, 0o600))
	must(t, os.WriteFile(key, issued.key, 0o600))
	w := start(t, certs.WatcherOptions{Cert: cert, Key: key})
	eventually(t, "the watcher is ready", func() bool { return w.Ready(nil) == nil })
	if !serves(w, issued.serial) {
		t.Errorf("ready, but not with certificate %d", issued.serial)
	}
}

func TestWatcherEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	empty, full := newVolume(t), newVolume(t)
	full.publish(t, newAuthority(t).issue(t, time.Now().Add(time.Hour)))
	for name, dir := range map[string]string{"waiting for its files": empty.dir, "following them": full.dir} {
		t.Run(name, func(t *testing.T) {
			w, err := certs.NewWatcher(certs.WatcherOptions{Dir: dir})
			must(t, err)
			if err := w.Start(ctx); err != nil {
				t.Errorf("Start with a cancelled context: got error %v, want none", err)
			}
		})
	}
}

// refusedReads counts the reads of the files that gave no pair.
func refusedReads(t *testing.T) float64 {
	t.Helper()
	var m dto.Metric
	must(t, metrics.ReadCertificateErrors.Write(&m))
	return m.GetCounter().GetValue()
}

func expiryMetric(t *testing.T, registry *prometheus.Registry) float64 {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	if len(families) != 1 || families[0].GetName() != "garboard_serving_certificate_expiry_timestamp_seconds" {
		t.Fatalf("metrics: got %v, want the expiry alone", families)
	}
	return families[0].GetMetric()[0].GetGauge().GetValue()
}
