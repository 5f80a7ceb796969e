package page

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// maxErrors is how many different errors of a registry are shown.
const maxErrors = 5

// registries is the view of all registries.
type registries struct {
	All []*registry
	// Untold is why nothing is known of limits; empty where something is.
	Untold string
}

// registry is what is known of one, or of a host that no image names: without containers.
type registry struct {
	Host string
	// Repositories and Containers are how many are governed, Unanswered how many of the
	// containers have no answer.
	Repositories, Containers, Unanswered int
	Last, Next                           *metav1.Time
	Errors                               []told
	More                                 int
	status.Traffic

	repositories map[string]bool
	errors       map[string]int
}

// told is an error, and of how many containers it is said.
type told struct {
	Text  string
	Count int
}

// Health is a word for the state of a registry: failing, paused, unanswered or well.
func (r *registry) Health() string {
	switch {
	case r.CircuitOpen:
		return "failing"
	case r.PausedUntil != nil:
		return "paused"
	case r.Unanswered > 0:
		return "unanswered"
	}
	return "well"
}

// Path is where its containers are shown.
func (r *registry) Path() string {
	return Query{Text: r.Host + "/", Sort: "workload", Page: 1}.path(nil)
}

func (p *Page) registries(w http.ResponseWriter, r *http.Request) {
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	content := registries{All: registriesOf(snapshot.Rows)}
	if p.options.Access.Metrics != nil {
		ctx, cancel := context.WithTimeout(r.Context(), p.options.Access.Timeout)
		defer cancel()
		known, err := p.traffic(ctx)
		if err != nil {
			content.Untold = "Limits and pauses are not known: " + shown(err.Error()) + "."
		}
		content.All = withTraffic(content.All, known)
	}
	p.show(w, r, http.StatusOK, "registries", view{Title: "Registries", Section: "registries", Snapshot: snapshot, Content: content})
}

// traffic reads how the updaters get on with each registry, by host.
func (p *Page) traffic(ctx context.Context) (map[string]status.Traffic, error) {
	texts, err := p.options.Access.Metrics.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := status.ReadCounts(texts)
	return counts.Traffic(p.options.Clock.Now()), err
}

// withTraffic adds what the updaters count of each registry. Hosts that no image names, those
// of mirrors and token services, come first where they fail or have asked for a pause.
func withTraffic(all []*registry, known map[string]status.Traffic) []*registry {
	named := map[string]bool{}
	for _, one := range all {
		one.Traffic, named[one.Host] = known[one.Host], true
	}
	var others []*registry
	for _, host := range slices.Sorted(maps.Keys(known)) {
		if t := known[host]; !named[host] && (t.CircuitOpen || t.PausedUntil != nil) {
			others = append(others, &registry{Host: host, Traffic: t})
		}
	}
	return append(others, all...)
}

// registriesOf puts the containers of each registry together, those with errors first.
func registriesOf(rows []*Row) []*registry {
	byHost := map[string]*registry{}
	var all []*registry
	for _, row := range rows {
		host, _, ok := strings.Cut(row.Repository, "/")
		if !ok {
			continue
		}
		one := byHost[host]
		if one == nil {
			one = &registry{Host: host, repositories: map[string]bool{}, errors: map[string]int{}}
			byHost[host], all = one, append(all, one)
		}
		one.add(row)
	}
	for _, one := range all {
		one.tell()
	}
	slices.SortFunc(all, func(a, b *registry) int {
		return cmp.Or(cmp.Compare(b.Unanswered, a.Unanswered), cmp.Compare(a.Host, b.Host))
	})
	return all
}

func (r *registry) add(row *Row) {
	r.Containers++
	if !r.repositories[row.Repository] {
		r.repositories[row.Repository] = true
		r.Repositories++
	}
	r.Last, r.Next = laterOf(r.Last, row.LastCheck), earlierOf(r.Next, row.NextCheck)
	if row.Reason == report.ReasonUnavailable {
		r.Unanswered++
		r.errors[shown(row.Message)]++
	}
}

// tell orders the errors, those that are said most often first.
func (r *registry) tell() {
	for text, count := range r.errors {
		r.Errors = append(r.Errors, told{text, count})
	}
	slices.SortFunc(r.Errors, func(a, b told) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	r.More = max(0, len(r.Errors)-maxErrors)
	r.Errors = r.Errors[:len(r.Errors)-r.More]
}
