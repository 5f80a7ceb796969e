package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Bounds, and how patient we are.
const (
	// maxQueue is how many notices wait for one channel; the oldest goes when one
	// more comes.
	maxQueue = 1000
	// maxTries within about seven minutes: after 10 s, 30 s, 90 s and 270 s.
	maxTries   = 5
	firstPause = 10 * time.Second
	pauseGrows = 3
	jitter     = 0.2
	// maxAge is the age from which a kept notice is dropped.
	maxAge = 24 * time.Hour
	// takenOver is above the ids of what an earlier process has left, so that
	// those are the older ones.
	takenOver = 1 << 32
	// maxWarned bounds what is remembered of warnings.
	maxWarned = 1000

	defaultSendTimeout = 20 * time.Second
	defaultDrain       = 5 * time.Second
	producersTimeout   = 10 * time.Second
)

// Options configure a [Dispatcher].
type Options struct {
	// Store keeps what waits. The default keeps nothing.
	Store Store
	// Metrics count. Required.
	Metrics *Metrics
	// Log gets what went wrong. The default discards it.
	Log logr.Logger
	// Clock is the time. The default is the real one.
	Clock clock.WithDelayedExecution
	// SendTimeout bounds one try. The default is 20 seconds.
	SendTimeout time.Duration
	// Drain is how long, at the end, the last try of all that waits may take. The
	// default is 5 seconds.
	Drain time.Duration
	// Producers is closed when no more notices come; at its end the
	// dispatcher waits for that, at most 10 seconds. Nil is never waited for.
	Producers <-chan struct{}
}

// Dispatcher takes notices and sends them, each channel by itself. It is safe
// for concurrent use.
type Dispatcher struct {
	options Options
	keeper  keeper
	ending  chan struct{} // closed when all that waits gets its last try

	mu      sync.Mutex
	outlets map[string]*outlet
	running *running // nil until Start
	lastID  uint64
	warned  map[string]bool
}

// running is what there is between the beginning and the end of Start.
type running struct {
	hard   context.Context // it bounds the sends, of outlets that are made later too
	served sync.WaitGroup
}

// New makes a dispatcher without channels.
func New(o Options) (*Dispatcher, error) {
	if o.Metrics == nil {
		return nil, errors.New("making the notifications: no metrics given")
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.SendTimeout <= 0 {
		o.SendTimeout = defaultSendTimeout
	}
	if o.Drain <= 0 {
		o.Drain = defaultDrain
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	d := &Dispatcher{options: o, ending: make(chan struct{}), outlets: map[string]*outlet{}, warned: map[string]bool{}, lastID: takenOver}
	d.keeper = keeper{dispatcher: d, dirty: make(chan struct{}, 1)}
	return d, nil
}

// Notify takes a notice. It does not wait: what a channel has no room for
// pushes out the oldest, and what it cannot be sent is a matter of log and
// metrics.
func (d *Dispatcher) Notify(n Notice) {
	n = n.bounded()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lastID++
	for _, o := range d.routes(n) {
		if n.Level >= o.channel.Level {
			o.add(item{id: d.lastID, notice: n, taken: d.options.Clock.Now()})
		}
	}
	d.keeper.changed()
}

// bounded is the notice without what is too much to keep.
func (n Notice) bounded() Notice {
	for _, field := range []*string{&n.Reason, &n.Kind, &n.Namespace, &n.Name, &n.Text} {
		*field = printable.OneLine(*field, maxField)
	}
	changes := make([]Change, 0, min(len(n.Changes), maxChanges))
	for _, c := range n.Changes[:min(len(n.Changes), maxChanges)] {
		changes = append(changes, Change{
			Container: printable.OneLine(c.Container, maxField), From: printable.OneLine(c.From, maxField), To: printable.OneLine(c.To, maxField),
		})
	}
	n.Changes = changes
	return n
}

// routes are where a notice goes: to the channels that it names, as far as they
// exist and admit its namespace, or to the default ones.
func (d *Dispatcher) routes(n Notice) []*outlet {
	var found []*outlet
	if len(n.Channels) == 0 {
		for _, o := range d.outlets {
			if o.channel.Default && o.channel.admits(n.Namespace) {
				found = append(found, o)
			}
		}
		return found
	}
	for _, name := range n.Channels {
		o, ok := d.outlets[strings.TrimPrefix(name, "#")] // Keel's users write Slack's names
		switch {
		case !ok:
			d.unrouted(n, name, reasonUnknown)
		case !o.channel.admits(n.Namespace):
			d.unrouted(n, name, reasonNamespace)
		case !slices.Contains(found, o):
			found = append(found, o)
		}
	}
	return found
}

// unrouted warns once of each name in each namespace.
func (d *Dispatcher) unrouted(n Notice, name, reason string) {
	d.options.Metrics.unrouted.WithLabelValues(reason).Inc()
	name = printable.OneLine(name, maxField)
	about := strings.Join([]string{reason, n.Namespace, name}, "\x00")
	if d.warned[about] || len(d.warned) >= maxWarned {
		return
	}
	d.warned[about] = true
	d.options.Log.Info("a workload names a channel that its notices do not reach",
		"channel", name, "reason", reason, "namespace", n.Namespace, "kind", n.Kind, "name", n.Name)
}

// Reconfigure puts settings in force. What waits for a channel that stays is
// sent as its new settings say, what waits for one that is gone is dropped.
func (d *Dispatcher) Reconfigure(c *Config) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := map[string]bool{}
	for i := range c.Channels {
		channel := c.Channels[i]
		wanted[channel.Name] = true
		if o, ok := d.outlets[channel.Name]; ok {
			o.channel = channel
			continue
		}
		o := &outlet{dispatcher: d, channel: channel, sender: newSender(), wake: make(chan struct{}, 1), gone: make(chan struct{})}
		d.outlets[channel.Name] = o
		d.options.Metrics.appear(channel.Name)
		d.serve(o)
	}
	for name, o := range d.outlets {
		if wanted[name] {
			continue
		}
		if waiting := len(o.trying) + len(o.queue); waiting > 0 {
			d.options.Log.Info("dropping the notices of a channel that is gone", "channel", name, "notices", waiting)
		}
		close(o.gone)
		delete(d.outlets, name)
		d.options.Metrics.vanish(name)
	}
	d.warned = map[string]bool{}
	d.keeper.changed()
	return nil
}

// serve starts an outlet's work, if it is time.
func (d *Dispatcher) serve(o *outlet) {
	if r := d.running; r != nil {
		r.served.Go(func() { o.serve(r.hard) })
	}
}

// Start sends until ctx ends. Then it waits for those who notify to end, tries
// once more what waits, and keeps the rest for the next process.
func (d *Dispatcher) Start(ctx context.Context) error {
	hard, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	r := &running{hard: hard}
	d.mu.Lock()
	d.running = r
	for _, o := range d.outlets {
		d.serve(o)
	}
	d.mu.Unlock()
	var keeping sync.WaitGroup
	keeping.Go(func() { d.keeper.keep(ctx) })

	<-ctx.Done()
	d.awaitProducers()
	timer := d.options.Clock.AfterFunc(d.options.Drain, abandon)
	defer timer.Stop()
	d.mu.Lock()
	close(d.ending)
	d.running = nil
	d.mu.Unlock()
	r.served.Wait()
	keeping.Wait()
	d.keeper.finish(context.WithoutCancel(ctx))
	return nil
}

func (d *Dispatcher) awaitProducers() {
	if d.options.Producers == nil {
		return
	}
	timer := d.options.Clock.NewTimer(producersTimeout)
	defer timer.Stop()
	select {
	case <-d.options.Producers:
	case <-timer.C():
	}
}

// retryPause is how long to wait after a failed try, spread so that channels of one
// service do not ask at the same moments.
func retryPause(tries int) time.Duration {
	p := float64(firstPause)
	for range tries - 1 {
		p *= pauseGrows
	}
	return time.Duration(p * (1 - jitter + 2*jitter*rand.Float64())) //nolint:gosec // guessing it gains nothing
}
