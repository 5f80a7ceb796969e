package notify

import (
	"context"
	"slices"
	"time"
)

// outlet is a channel with what waits for it. Its fields, but for those that
// never change, are guarded by the dispatcher's lock.
type outlet struct {
	dispatcher *Dispatcher
	sender     *sender
	wake       chan struct{} // has one when the queue has
	gone       chan struct{} // closed when the channel has left the settings

	channel Channel
	queue   []item
	trying  []item // of the message that is being sent
}

// item is a notice that waits for a channel. Its id is the same in all of them.
type item struct {
	id     uint64
	notice Notice
	taken  time.Time
}

// add puts a notice at the end of the queue.
func (o *outlet) add(i item) {
	o.queue = append(o.queue, i)
	for len(o.queue) > maxQueue {
		at := oldestOfMost(o.queue)
		o.queue = slices.Delete(o.queue, at, at+1)
		o.count(outcomeDropped, 1)
	}
	o.measure()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// oldestOfMost is where the oldest notice is of the namespace that has most: none pushes out
// what is told of another.
func oldestOfMost(queue []item) int {
	count, most := map[string]int{}, ""
	for i := range queue {
		namespace := queue[i].notice.Namespace
		if count[namespace]++; count[namespace] > count[most] {
			most = namespace
		}
	}
	return slices.IndexFunc(queue, func(i item) bool { return i.notice.Namespace == most })
}

func (o *outlet) measure() {
	if !o.left() {
		o.dispatcher.options.Metrics.pending.WithLabelValues(o.channel.Name).Set(float64(len(o.queue) + len(o.trying)))
	}
}

func (o *outlet) count(outcome string, notices int) {
	if !o.left() {
		o.dispatcher.options.Metrics.count(o.channel.Name, outcome, notices)
	}
}

func (o *outlet) left() bool {
	select {
	case <-o.gone:
		return true
	default:
		return false
	}
}

// serve sends what comes until the end, and then what waits, once.
func (o *outlet) serve(hard context.Context) {
	for {
		select {
		case <-o.gone:
			return
		case <-o.dispatcher.ending:
			o.last(hard)
			return
		case <-o.wake:
		}
		if !o.wait(o.window()) || !o.take() {
			continue
		}
		o.deliver(hard)
	}
}

// window is how long the first notice still waits for others.
func (o *outlet) window() time.Duration {
	o.dispatcher.mu.Lock()
	defer o.dispatcher.mu.Unlock()
	if len(o.queue) == 0 {
		return 0
	}
	return o.queue[0].taken.Add(o.channel.Batch).Sub(o.dispatcher.options.Clock.Now())
}

// wait is false where the end, or that of the channel, came first.
func (o *outlet) wait(d time.Duration) bool {
	if d > 0 {
		timer := o.dispatcher.options.Clock.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C():
		case <-o.gone:
		case <-o.dispatcher.ending:
		}
	}
	select {
	case <-o.gone:
		return false
	case <-o.dispatcher.ending:
		return false
	default:
		return true
	}
}

// take makes what waits the next message, or the first notice alone where the
// channel has no batches.
func (o *outlet) take() bool {
	o.dispatcher.mu.Lock()
	defer o.dispatcher.mu.Unlock()
	n := len(o.queue)
	if o.channel.Batch == 0 {
		n = min(n, 1)
	}
	o.trying = slices.Clone(o.queue[:n])
	o.queue = slices.Delete(o.queue, 0, n)
	if len(o.queue) > 0 {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
	return n > 0
}

// deliver tries until the message is sent, has failed for good, or the end
// comes.
func (o *outlet) deliver(hard context.Context) {
	o.sender.delivered.forget()
	for tries := 1; ; tries++ {
		err := o.try(hard)
		switch {
		case err == nil:
			o.finishTry(outcomeSent)
			return
		case o.left():
			return
		case tries == maxTries:
			o.dispatcher.options.Log.Error(err, "a message could not be sent, and is given up", "channel", o.name(), "tries", tries)
			o.finishTry(outcomeFailed)
			return
		}
		o.dispatcher.options.Log.Info("a message could not be sent yet", "channel", o.name(), "tries", tries, "error", err.Error())
		o.retried()
		if !o.wait(retryPause(tries)) {
			return // what is being tried is part of the last message
		}
	}
}

// last is the one try at the end, of everything, in messages as at any time. What fails is
// kept.
func (o *outlet) last(hard context.Context) {
	o.dispatcher.mu.Lock()
	o.queue = slices.Concat(o.trying, o.queue)
	o.trying = nil
	o.dispatcher.mu.Unlock()
	for o.take() {
		if err := o.try(hard); err != nil {
			o.dispatcher.options.Log.Info("what waits could not be sent at the end, and is left to the next process",
				"channel", o.name(), "notices", o.waiting(), "error", err.Error())
			return
		}
		o.finishTry(outcomeSent)
	}
}

// waiting is how many notices are not sent yet.
func (o *outlet) waiting() int {
	o.dispatcher.mu.Lock()
	defer o.dispatcher.mu.Unlock()
	return len(o.trying) + len(o.queue)
}

// try sends what is being tried, as the channel's settings are now. A template
// with nothing to say needs nothing sent.
func (o *outlet) try(hard context.Context) error {
	o.dispatcher.mu.Lock()
	channel := o.channel
	notices := make([]Notice, 0, len(o.trying))
	for _, i := range o.trying {
		notices = append(notices, i.notice)
	}
	o.dispatcher.mu.Unlock()
	message, err := channel.message(notices)
	if err != nil {
		o.dispatcher.options.Log.Error(err, "a notice is told in the words of the default template", "channel", channel.Name)
	}
	if message == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(hard, o.dispatcher.options.SendTimeout)
	defer cancel()
	return o.sender.send(ctx, channel.URL, message)
}

// finishTry is the end of what was being tried.
func (o *outlet) finishTry(outcome string) {
	o.dispatcher.mu.Lock()
	defer o.dispatcher.mu.Unlock()
	o.count(outcome, len(o.trying))
	o.trying = nil
	o.measure()
	o.dispatcher.keeper.changed()
}

func (o *outlet) retried() {
	o.dispatcher.mu.Lock()
	defer o.dispatcher.mu.Unlock()
	o.count(outcomeRetried, len(o.trying))
}

func (o *outlet) name() string {
	o.dispatcher.mu.Lock()
	defer o.dispatcher.mu.Unlock()
	return o.channel.Name
}
