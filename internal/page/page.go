// Package page is what people see of Garboard in a browser: what is behind, what keeps it
// there, and what they can do about it. Everything is read and done as the person whose
// Access it is given; it keeps nothing of its own.
package page

import (
	"context"
	"net/http"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/status"
)

// StatusReader tells what the updater knows of a namespace, or of all where it is empty.
type StatusReader interface {
	List(ctx context.Context, namespace string) (*status.List, error)
}

// MetricsReader tells what each updater counts, in Prometheus' text format.
type MetricsReader interface {
	Metrics(ctx context.Context) ([][]byte, error)
}

// Access is how one person reaches a cluster: whatever the page reads or does is asked
// by these, so that it can do nothing which the API server refuses that person.
type Access struct {
	Status StatusReader
	// Metrics is nil where the updater's metrics cannot be read.
	Metrics MetricsReader
	// Versions is nil where the updater cannot be asked about images.
	Versions VersionsReader
	Client   client.Client
	// Kinds are those that are governed. The default is those of Kubernetes itself.
	Kinds workload.Kinds
	// Namespace is the one that is shown; empty shows all.
	Namespace string
	// Cluster is what a person calls the cluster: the name of the kubeconfig's context.
	Cluster string
	// Timeout bounds each question to the cluster. Required.
	Timeout time.Duration
}

// Options are what a Page is made of.
type Options struct {
	Access *Access
	// Link is the way in. Required by Handler.
	Link *Link
	// Clock is the time. The default is the real one.
	Clock clock.WithTicker
	// Every is how often the cluster is asked while the page is open. The default is 2
	// seconds.
	Every time.Duration
	// Ended ends the streams of events when the process is to end. Required.
	Ended <-chan struct{}
}

// Page serves all views.
type Page struct {
	options Options
	feed    *feed
	views   *views
	streams chan struct{}
}

const (
	defaultEvery = 2 * time.Second
	// maxStreams is how many streams of events are open at once: one for each tab.
	maxStreams = 32
)

// New returns a Page. The error is a fault of the program: a template that does not parse.
func New(o Options) (*Page, error) {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	views, err := newViews()
	if err != nil {
		return nil, err
	}
	return newPage(o, views), nil
}

func newPage(o Options, views *views) *Page {
	return &Page{options: o, feed: newFeed(o.Access, o.Clock), views: views, streams: make(chan struct{}, maxStreams)}
}

// Handler returns what answers the requests of the person of this machine.
func (p *Page) Handler() http.Handler {
	outside := http.NewServeMux()
	outside.HandleFunc("GET /enter", p.enter)
	outside.HandleFunc("GET /assets/{name}", p.views.asset)
	outside.Handle("/", p.guarded(p.inside()))
	return p.local(secured(outside))
}

// inside answers the requests of a person who has been let in.
func (p *Page) inside() http.Handler {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /{$}", p.overview)
	inside.HandleFunc("GET /workloads", p.workloads)
	inside.HandleFunc("GET /workloads/{namespace}/{kind}/{name}", p.workload)
	inside.HandleFunc("GET /workloads/{namespace}/{kind}/{name}/versions", p.versions)
	inside.HandleFunc("POST /workloads/{namespace}/{kind}/{name}/hold", p.setHold)
	inside.HandleFunc("POST /workloads/{namespace}/{kind}/{name}/clear", p.clearHold)
	inside.HandleFunc("GET /promotion", p.promotion)
	inside.HandleFunc("GET /registries", p.registries)
	inside.HandleFunc("GET /approvals", p.approvals)
	inside.HandleFunc("GET /approvals/{namespace}/{name}", p.update)
	inside.HandleFunc("POST /approvals/vote", p.vote)
	inside.HandleFunc("GET /events", p.events)
	inside.HandleFunc("/", p.notFound)
	return inside
}
