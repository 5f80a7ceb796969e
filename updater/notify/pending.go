package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// maxKept is what is kept of all that waits, in bytes: a quarter of what a
	// ConfigMap may hold, which several processes may share.
	maxKept = 256 << 10
	// keepTimeout bounds one request of the store.
	keepTimeout = 5 * time.Second
	// keepPause is the time between two writes, and keepRetry that after a
	// failure.
	keepPause = time.Second
	keepRetry = 10 * time.Second
)

// Store keeps what waits to be sent while no process runs.
type Store interface {
	// Load returns what this and other processes saved last, and have not taken
	// away.
	Load(ctx context.Context) ([][]byte, error)
	// Save takes the place of what was saved before, and of all that Load has
	// returned: it is now this process's.
	Save(ctx context.Context, data []byte) error
}

// kept is a notice and the channels that it still waits for.
type kept struct {
	Channels []string `json:"channels"`
	Notice   Notice   `json:"notice"`
}

// keeper writes what waits to the store, one write at a time, and first of all
// takes over what the process before has left.
type keeper struct {
	dispatcher *Dispatcher
	dirty      chan struct{} // has one when the store may be behind
	loaded     bool
	behind     bool // the store has what is ours to replace
	saved      []byte
}

// changed asks for a write, soon.
func (k *keeper) changed() {
	select {
	case k.dirty <- struct{}{}:
	default:
	}
}

// keep follows what waits until ctx ends. A write would erase what has not been
// taken over yet, so there is none before.
func (k *keeper) keep(ctx context.Context) {
	if k.dispatcher.options.Store == nil {
		return
	}
	for !k.load(ctx) {
		if !k.wait(ctx, keepRetry) {
			return
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.dirty:
		}
		if rest := k.save(ctx); rest > 0 && !k.wait(ctx, rest) {
			return
		}
	}
}

// finish writes what is left at the very end.
func (k *keeper) finish(ctx context.Context) {
	if k.loaded {
		k.save(ctx)
	}
}

func (k *keeper) wait(ctx context.Context, d time.Duration) bool {
	timer := k.dispatcher.options.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
		return true
	case <-ctx.Done():
		return false
	}
}

func (k *keeper) load(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	data, err := k.dispatcher.options.Store.Load(ctx)
	if err != nil {
		k.failed(err, "what the process before has left to send cannot be read yet")
		return false
	}
	k.loaded, k.behind = true, len(data) > 0
	var left []kept
	for _, saved := range data {
		var some []kept
		if err := json.Unmarshal(saved, &some); err != nil {
			k.failed(err, "what a process before has left to send is not readable, and is given up")
		}
		left = append(left, some...)
	}
	k.dispatcher.takeOver(left)
	return true
}

// takeOver puts what an earlier process has left in front of what has come
// since.
func (d *Dispatcher) takeOver(left []kept) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.options.Clock.Now()
	ahead := map[*outlet][]item{}
	for n, l := range left {
		old := now.Sub(l.Notice.At) > maxAge
		for _, name := range l.Channels {
			o, ok := d.outlets[name]
			switch {
			case !ok:
			case old:
				o.count(outcomeDropped, 1)
			default:
				ahead[o] = append(ahead[o], item{id: uint64(n), notice: l.Notice.bounded(), taken: now})
			}
		}
	}
	for o, items := range ahead {
		later := o.queue
		o.queue = nil
		for _, i := range slices.Concat(items, later) {
			o.add(i)
		}
		d.options.Log.Info("going on with what the process before has left to send", "channel", o.channel.Name, "notices", len(items))
	}
	d.keeper.changed()
}

// save writes what waits, if the store has it otherwise, and says how long to
// leave the store alone now.
func (k *keeper) save(ctx context.Context) time.Duration {
	data, untold, err := k.dispatcher.waiting()
	if err == nil && !k.behind && bytes.Equal(data, k.saved) {
		return 0
	}
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, keepTimeout)
		err = k.dispatcher.options.Store.Save(limited, data)
		cancel()
	}
	switch {
	case err == nil:
		k.saved, k.behind = data, false
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return keepRetry // the write at the end says how it was
	default:
		k.changed()
		k.failed(err, "what waits to be sent cannot be kept, and would be lost with this process")
		return keepRetry
	}
	if untold > 0 {
		k.dispatcher.options.Log.Info("more waits to be sent than can be kept; the oldest would be lost with this process", "notices", untold)
	}
	return keepPause
}

func (k *keeper) failed(err error, what string) {
	k.dispatcher.options.Metrics.kept.Inc()
	k.dispatcher.options.Log.Error(err, what)
}

// waiting is all that waits, as it is kept, and how many notices there was no
// room for.
func (d *Dispatcher) waiting() (data []byte, untold int, err error) {
	type waits struct {
		id uint64
		kept
	}
	d.mu.Lock()
	byID := map[uint64]*waits{}
	for name, o := range d.outlets {
		for _, items := range [][]item{o.trying, o.queue} {
			for _, i := range items {
				if byID[i.id] == nil {
					byID[i.id] = &waits{id: i.id, kept: kept{Notice: i.notice}}
				}
				byID[i.id].Channels = append(byID[i.id].Channels, name)
			}
		}
	}
	d.mu.Unlock()
	all := make([]*waits, 0, len(byID))
	for _, w := range byID {
		slices.Sort(w.Channels)
		w.Notice.Channels = nil // it has found them
		all = append(all, w)
	}
	// The newest first, as far as there is room.
	slices.SortFunc(all, func(a, b *waits) int { return cmp.Compare(b.id, a.id) })
	var texts [][]byte
	size := 0
	for i, w := range all {
		text, err := json.Marshal(w.kept)
		if err != nil {
			return nil, 0, fmt.Errorf("writing a notice: %w", err)
		}
		if size += len(text) + 2; size > maxKept {
			untold = len(all) - i
			break
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return nil, untold, nil
	}
	slices.Reverse(texts)
	return append(append([]byte("["), bytes.Join(texts, []byte(",\n"))...), ']'), untold, nil
}
