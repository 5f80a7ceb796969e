// Package report takes each fact of the updater once, and tells it in all the ways that
// people learn of it: Event, notification, standing, metric and log.
package report

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Options are what a Reporter is made of. All but the Notifier are required.
type Options struct {
	// Events tells those who look at a workload.
	Events events.EventRecorder
	// Notifier sends notices. The default is to send none.
	Notifier Notifier
	Metrics  *Metrics
	Clock    clock.PassiveClock
	// PageURL is where the page of the cluster is, for links to it; empty for none.
	PageURL string
}

// Reporter has a method for each fact.
type Reporter struct {
	options   Options
	standings *standings
	told      *deduper
}

// New returns a Reporter that knows of no workload.
func New(o Options) *Reporter {
	return &Reporter{options: o, standings: newStandings(), told: newDeduper()}
}

// About is the workload that a fact is about.
type About struct {
	Key    watched.Key
	Object *unstructured.Unstructured
	// Channels are those that the workload names; none means the default ones.
	Channels []string
	// link leads to the page's view of the fact; empty for none.
	link string
}

// Forget drops what is known, and was told, of a workload.
func (r *Reporter) Forget(key watched.Key, uid types.UID) {
	r.standings.keep(key, nil)
	r.told.forget(uid)
}

// Describe implements prometheus.Collector.
func (r *Reporter) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- pendingMoves
	descriptions <- nextOpening
}

// Collect implements prometheus.Collector: it counts what would otherwise have to be
// counted with each change.
func (r *Reporter) Collect(collected chan<- prometheus.Metric) {
	counts, opens, now := map[string]int{}, map[string]time.Duration{}, r.options.Clock.Now()
	for _, reason := range waitReasons {
		counts[reason] = 0
	}
	r.standings.each(func(s *Standing) {
		if s.State == StatePending {
			counts[s.Reason]++
			wait := max(s.Opens.Sub(now), 0)
			if first, known := opens[s.Reason]; !s.Opens.IsZero() && (!known || wait < first) {
				opens[s.Reason] = wait
			}
		}
	})
	for reason, n := range counts {
		collected <- prometheus.MustNewConstMetric(pendingMoves, prometheus.GaugeValue, float64(n), reason)
	}
	for reason, wait := range opens {
		collected <- prometheus.MustNewConstMetric(nextOpening, prometheus.GaugeValue, wait.Seconds(), reason)
	}
}

const (
	eventNormal  = corev1.EventTypeNormal
	eventWarning = corev1.EventTypeWarning
)

// action is what the updater was doing when it said something. Events of one
// object, reason and action are counted as one, whatever they say, so that each
// container has an action of its own.
const action = "Poll"

// maxNote is the longest note of an Event (events.k8s.io/v1 allows 1 kB).
const maxNote = 900

// say makes an Event on a workload.
func (r *Reporter) say(o *unstructured.Unstructured, kind, reason, format string, args ...any) {
	r.sayOf(o, "", kind, reason, format, args...)
}

// sayOf makes an Event on a workload, of one container.
func (r *Reporter) sayOf(o *unstructured.Unstructured, container, kind, reason, format string, args ...any) {
	doing := action
	if container != "" {
		doing += "/" + container
	}
	r.options.Events.Eventf(o, nil, kind, reason, doing, "%s", printable.Escape(fmt.Sprintf(format, args...), maxNote))
}

// notify sends a notice.
func (r *Reporter) notify(about About, level Level, reason, text string, changes []Change) {
	if r.options.Notifier == nil {
		return
	}
	o := about.Object
	r.options.Notifier.Notify(Notice{
		Link: about.link, At: r.options.Clock.Now(), Level: level, Reason: reason, Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(),
		UID: string(o.GetUID()), Channels: about.Channels, Text: printable.Escape(text, maxNote), Changes: changes,
	})
}
