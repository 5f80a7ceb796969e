package configfile

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultInterval is how often the files are read: as often as those of the
// serving certificate, and for the same reason. The kubelet itself takes about
// a minute to renew a mounted volume, so a shorter one gains nothing.
const DefaultInterval = 10 * time.Second

// WatcherOptions configure a [Watcher].
type WatcherOptions[T any] struct {
	// What is in the file, for messages: "the registry settings". Required.
	What string
	// Parse reads it. Required.
	Parse func(name string, data []byte, from *Files) (*T, error)
	// Path is the settings file. Required.
	Path string
	// Interval between two reads of the files. The default is [DefaultInterval].
	Interval time.Duration
	// Apply puts a configuration in force; with an error the one before stays.
	// It is never called twice at the same time. Required.
	Apply func(*T) error
	// Report is told of a failure to read or apply, once for as long as it is
	// the same. It is not told what [Watcher.Load] returns. The default
	// ignores it.
	Report func(error)
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Reload says how the settings stand.
type Reload struct {
	// Success is whether the files, as they were last read, are in force.
	Success bool
	// Time is when settings were last put in force; zero is never.
	Time time.Time
}

// Watcher follows a settings file and the files that it names. Where they have
// faults, the last good settings stay in force. It is safe for concurrent use.
type Watcher[T any] struct {
	options WatcherOptions[T]

	mu       sync.Mutex // one reading at a time
	read     snapshot   // as of the last reading
	reported string
	last     atomic.Pointer[Reload]
}

// NewWatcher reads nothing yet; [Watcher.Load] does. The error is that of a
// required option.
func NewWatcher[T any](o WatcherOptions[T]) (*Watcher[T], error) {
	switch {
	case o.Path == "":
		return nil, fmt.Errorf("watching %s: no file given", o.What)
	case o.Apply == nil:
		return nil, fmt.Errorf("watching %s: no function to apply them given", o.What)
	}
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Watcher[T]{options: o}
	w.last.Store(&Reload{})
	return w, nil
}

// Load reads and applies the settings. It is for the start of the program,
// which goes no further with an error: running on defaults would do
// what the settings forbid.
func (w *Watcher[T]) Load(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.load()
}

// Start reads the files at each interval, and applies what has changed, until
// ctx ends; then it returns nil.
func (w *Watcher[T]) Start(ctx context.Context) error {
	ticker := time.NewTicker(w.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			w.Tick()
		}
	}
}

// NeedLeaderElection says that each replica follows its settings, so that one
// that becomes the leader has them.
func (*Watcher[T]) NeedLeaderElection() bool { return false }

// LastReload is for a metric: with Success false, a person should look at the
// file, since the next start of the program will fail.
func (w *Watcher[T]) LastReload() Reload { return *w.last.Load() }

// Tick is what an interval's end does: it loads what has changed, and tries
// again what could not be applied.
func (w *Watcher[T]) Tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.LastReload().Success && w.read.current() {
		return
	}
	err := w.load()
	if err == nil {
		w.reported = ""
		return
	}
	if text := err.Error(); text != w.reported {
		w.reported = text // Said once, not at each interval.
		w.options.Report(err)
	}
}

func (w *Watcher[T]) load() error {
	c, err := w.parse()
	if err == nil {
		err = w.apply(c)
	}
	if err != nil {
		w.last.Store(&Reload{Time: w.LastReload().Time})
		return err
	}
	w.last.Store(&Reload{Success: true, Time: w.options.Now()})
	return nil
}

func (w *Watcher[T]) apply(c *T) error {
	if err := w.options.Apply(c); err != nil {
		return fmt.Errorf("applying %s %q: %w", w.options.What, w.options.Path, err)
	}
	return nil
}

// parse keeps what it read, to compare with later: what is on the disk by then
// may be newer.
func (w *Watcher[T]) parse() (*T, error) {
	data, err := readFile(w.options.Path)
	if err != nil {
		return nil, fmt.Errorf("reading %s %q: %w", w.options.What, w.options.Path, err)
	}
	from := NewFiles(filepath.Dir(w.options.Path))
	c, err := w.options.Parse(w.options.Path, data, from)
	w.read = from.snapshot()
	w.read[w.options.Path] = content{data: data}.sum()
	return c, err
}
