// Package receiver takes the notifications that registries send when something
// was pushed. Each kind of sender has a path, a format and a way to prove who it
// is. A notification is a hint and no more: it names a repository, which is then
// read; nothing else of it is believed.
package receiver

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/inflight"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// PathPrefix is what stands before the kind of sender in a path. It is Keel's,
// so that registries go on posting where they do.
const PathPrefix = "/v1/webhooks/"

const (
	// MaxBody is how large a notification may be, in bytes.
	MaxBody = 1 << 20
	// maxBodies bounds those that are being read, together.
	maxBodies = 16 << 20
	// perSecond and burst bound what one sender may tell, in notifications, where one of
	// several repositories counts as so many. A push of an image for many platforms is a
	// dozen notifications with some senders, and a pipeline pushes dozens of images at once.
	perSecond = 50
	burst     = 500
)

// Sink takes pushes on. It returns at once; the error says that it has no room
// for them now.
type Sink interface {
	Pushed(pushes []poll.Push) error
}

// Options are what a Receiver is made of.
type Options struct {
	// Sink is told of pushes. Required.
	Sink Sink
	// Metrics counts. Required.
	Metrics *Metrics
	// Log is told of notifications, and of a sender that is refused. Required.
	Log logr.Logger
	// Clock is the time. The default is the real one.
	Clock clock.PassiveClock
	// Keys fetches the keys of identity providers. The default is a client with
	// limits of its own.
	Keys *http.Client
}

// Receiver answers notifications. Before Configure it answers 404 to all.
type Receiver struct {
	options Options
	bodies  *inflight.Bodies
	routes  atomic.Pointer[map[config.SenderKind]*route]
}

// sender is one entry of the settings.
type sender struct {
	config.Sender
	limit *rate.Limiter
	proof proof
}

// route is what is behind a path.
type route struct {
	kind    config.SenderKind
	senders []*sender
	// refused is for telling of a refusal now and then.
	refused *rate.Sometimes
}

// New returns a Receiver that knows no sender yet.
func New(o Options) *Receiver {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Keys == nil {
		o.Keys = keyClient()
	}
	return &Receiver{options: o, bodies: inflight.NewBodies(maxBodies)}
}

// Configure puts senders in force, in place of those before. Keys of identity
// providers are fetched with the values of ctx, when they are needed.
func (r *Receiver) Configure(ctx context.Context, c *config.Config) {
	routes := map[config.SenderKind]*route{}
	for _, s := range c.Senders {
		if routes[s.Kind] == nil {
			routes[s.Kind] = &route{kind: s.Kind, refused: &rate.Sometimes{Interval: refusalEvery}}
		}
		routes[s.Kind].senders = append(routes[s.Kind].senders, &sender{
			Sender: s, limit: rate.NewLimiter(perSecond, burst), proof: r.proof(ctx, s),
		})
	}
	r.routes.Store(&routes)
	r.options.Log.Info("applying", "senders", len(c.Senders), "paths", slices.Sorted(maps.Keys(routes)))
}

// route finds what is behind a path.
func (r *Receiver) route(path string) *route {
	kind, ok := strings.CutPrefix(path, PathPrefix)
	routes := r.routes.Load()
	if !ok || routes == nil {
		return nil
	}
	return (*routes)[config.SenderKind(kind)]
}
