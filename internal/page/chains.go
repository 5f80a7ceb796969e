package page

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/updater/report"
)

// place is one container's workload in a chain: a workload may be in several, by the
// repositories of its containers. The kind is as the setting "after" spells it.
type place struct{ repository, namespace, kind, name string }

// upstream is a workload that comes before another, and how long a version has to run there.
type upstream struct{ Namespace, Kind, Name, For string }

// Text names it as the setting does.
func (u upstream) Text() string { return u.Namespace + "/" + u.Kind + "/" + u.Name }

// upstreamsOf reads the setting "after" as the updater tells it. What is not of its form is
// left out: an updater of another version may write another.
func upstreamsOf(after string) []upstream {
	var all []upstream
	for part := range strings.SplitSeq(after, ",") {
		name, length, _ := strings.Cut(strings.TrimSpace(part), " for ")
		if words := strings.Split(name, "/"); len(words) == 3 && !slices.Contains(words, "") {
			all = append(all, upstream{words[0], words[1], words[2], length})
		}
	}
	return all
}

// stop is one workload of a stage, with its containers of the chain's repository.
type stop struct {
	place
	// Rows are empty where the updater tells nothing of the workload.
	Rows []*Row
	// Upstreams are those that come right before it.
	Upstreams []upstream
	depth     int
}

// Title names the workload.
func (s *stop) Title() string { return s.kind + "/" + s.name }

// Namespace is the workload's.
func (s *stop) Namespace() string { return s.namespace }

// Stuck reports whether something newer does not get on, or did not become healthy.
func (s *stop) Stuck() bool {
	return slices.ContainsFunc(s.Rows, func(row *Row) bool { return row.State == report.StatePending || row.State == report.StateFailed })
}

// stage are the workloads that a version reaches at the same distance from the start.
type stage struct {
	// Stops are the first of them, and More is how many there are beside.
	Stops []*stop
	More  int
}

// chain is one repository on its way through the stages.
type chain struct {
	Repository string
	// Stages are the first of them, and MoreStages is how many there are beside.
	Stages     []stage
	MoreStages int
	// Circle: workloads of it wait for each other, and nothing gets on.
	Circle bool
	stuck  bool
	words  string
	first  place
	spaces map[string]bool
}

// Of a chain so many stages are shown, and so many workloads of each.
const (
	maxStages = 16
	maxStops  = 8
)

// chainsOf puts the containers together that come after each other, those that something
// keeps back first.
func chainsOf(rows []*Row) []*chain {
	stops := stopsOf(rows)
	next := map[place][]*stop{}
	for _, s := range stops {
		for _, u := range s.Upstreams {
			next[s.upstreamAt(u)] = append(next[s.upstreamAt(u)], s)
		}
	}
	seen := map[place]bool{}
	var all []*chain
	for _, at := range slices.SortedFunc(maps.Keys(stops), comparePlaces) {
		if !seen[at] {
			all = append(all, chainOf(connected(stops, next, at, seen), next))
		}
	}
	slices.SortStableFunc(all, func(a, b *chain) int {
		if a.stuck != b.stuck {
			if a.stuck {
				return -1
			}
			return 1
		}
		return comparePlaces(a.first, b.first)
	})
	return all
}

// stopsOf are the workloads that come after others, and those others.
func stopsOf(rows []*Row) map[place]*stop {
	known := map[place][]*Row{}
	for _, row := range rows {
		at := placeOf(row)
		known[at] = append(known[at], row)
	}
	stops := map[place]*stop{}
	for _, row := range rows {
		if row.After == "" {
			continue
		}
		at := placeOf(row)
		if stops[at] == nil {
			stops[at] = &stop{place: at, Rows: known[at]}
		}
		for _, u := range upstreamsOf(row.After) {
			if !slices.Contains(stops[at].Upstreams, u) {
				stops[at].Upstreams = append(stops[at].Upstreams, u)
			}
			if before := stops[at].upstreamAt(u); stops[before] == nil {
				stops[before] = &stop{place: before, Rows: known[before]}
			}
		}
	}
	return stops
}

func placeOf(row *Row) place {
	return place{row.Repository, row.Namespace, strings.ToLower(row.Kind), row.Name}
}

// upstreamAt is where an upstream stands. A kind of a custom resource has its group, which
// the status does not tell.
func (s *stop) upstreamAt(u upstream) place {
	kind, _, _ := strings.Cut(u.Kind, ".")
	return place{s.repository, u.Namespace, kind, u.Name}
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.repository, b.repository), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name), cmp.Compare(a.kind, b.kind))
}

// connected are the workloads that a start leads to, by either direction.
func connected(stops map[place]*stop, next map[place][]*stop, start place, seen map[place]bool) []*stop {
	var found []*stop
	for open := []place{start}; len(open) > 0; {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		s := stops[at]
		found = append(found, s)
		for _, u := range s.Upstreams {
			open = append(open, s.upstreamAt(u))
		}
		for _, later := range next[at] {
			open = append(open, later.place)
		}
	}
	slices.SortFunc(found, func(a, b *stop) int { return comparePlaces(a.place, b.place) })
	return found
}

// chainOf orders connected workloads into stages: each is one further than the furthest that
// it comes after. Those of a circle have no such order, and stand together at the end.
func chainOf(stops []*stop, next map[place][]*stop) *chain {
	c := &chain{Repository: stops[0].repository, first: stops[0].place, spaces: map[string]bool{}}
	waits := make(map[place]int, len(stops))
	var open []*stop
	for _, s := range stops {
		if waits[s.place] = len(s.Upstreams); waits[s.place] == 0 {
			open = append(open, s)
		}
	}
	placed, last := 0, -1
	for ; len(open) > 0; placed++ {
		s := open[0]
		open = open[1:]
		last = max(last, s.depth)
		for _, later := range next[s.place] {
			later.depth = max(later.depth, s.depth+1)
			if waits[later.place]--; waits[later.place] == 0 {
				open = append(open, later)
			}
		}
	}
	c.Circle = placed < len(stops)
	words := []string{strings.ToLower(c.Repository)}
	for _, s := range stops {
		if waits[s.place] > 0 {
			s.depth = last + 1
		}
		c.add(s)
		words = append(words, s.namespace, s.Title())
		for _, row := range s.Rows {
			words = append(words, row.words)
		}
	}
	c.words = strings.Join(words, "\x00")
	c.MoreStages = max(0, len(c.Stages)-maxStages)
	c.Stages = c.Stages[:len(c.Stages)-c.MoreStages]
	return c
}

// add puts a workload into its stage.
func (c *chain) add(s *stop) {
	for len(c.Stages) <= s.depth {
		c.Stages = append(c.Stages, stage{})
	}
	at := &c.Stages[s.depth]
	if len(at.Stops) < maxStops {
		at.Stops = append(at.Stops, s)
	} else {
		at.More++
	}
	c.stuck, c.spaces[s.namespace] = c.stuck || s.Stuck(), true
}
