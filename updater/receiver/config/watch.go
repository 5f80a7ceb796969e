package config

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// DefaultInterval is how often the files are read. The kubelet takes about a
// minute to renew a mounted volume, so a shorter one gains nothing.
const DefaultInterval = 10 * time.Second

// Watcher follows a settings file and the files of secrets that it names. Where
// they have faults, the last good settings stay in force.
type Watcher struct {
	// Path is the settings file.
	Path string
	// Apply puts a configuration in force; with an error the one before stays.
	Apply func(*Config) error
	// Report is told of a failure, once for as long as it is the same.
	Report func(error)
	// Interval is the time between two reads. The default is [DefaultInterval].
	Interval time.Duration

	applied  [sha256.Size]byte
	reported string
}

// Load reads and applies the settings. It is for the start of the program,
// which goes no further with an error.
func (w *Watcher) Load() error {
	data, err := readFile(w.Path, maxSize+1)
	if err != nil {
		return fmt.Errorf("reading the push settings: %w", err)
	}
	r := &reader{name: w.Path, dir: filepath.Dir(w.Path), read: map[string][]byte{w.Path: data}}
	c, err := r.parse(data)
	if err != nil {
		return err
	}
	sum := sumOf(r.read)
	if sum == w.applied {
		return nil
	}
	if err := w.Apply(c); err != nil {
		return fmt.Errorf("applying the push settings %q: %w", w.Path, err)
	}
	w.applied = sum
	return nil
}

// Start reads the files at each interval, and applies what has changed, until
// ctx ends; then it returns nil.
func (w *Watcher) Start(ctx context.Context) error {
	interval := w.Interval
	if interval <= 0 {
		interval = DefaultInterval
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		err := w.Load()
		if err == nil {
			w.reported = ""
		} else if text := err.Error(); text != w.reported {
			w.reported = text // said once, not at each interval
			w.Report(err)
		}
	}
}

// NeedLeaderElection says that each replica takes notifications.
func (*Watcher) NeedLeaderElection() bool { return false }

// sumOf tells the contents of files apart without keeping them.
func sumOf(files map[string][]byte) [sha256.Size]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := sha256.Sum256(files[name])
		fmt.Fprintf(h, "%q %x\n", name, content)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
