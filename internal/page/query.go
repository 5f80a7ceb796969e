package page

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/garboard-dev/garboard/updater/report"
)

// shows are the choices of what to show, in the order of the overview.
var shows = []show{ //nolint:gochecknoglobals // a table
	{"behind", "Behind", "something newer is allowed", (*Row).Behind},
	{"waiting", "Waiting", "a gate keeps it back", (*Row).Waiting},
	{"held", "Held", "a version was left", (*Row).IsHeld},
	{"rolling", "Rolling", "being rolled out", inState(report.StateRolling)},
	{"failed", "Failed", "did not become healthy", inState(report.StateFailed)},
	{"unknown", "Unknown", "not checked, or no answer", inState(report.StateUnknown)},
	{"ungoverned", "Not governed", "opted in, without a policy", inState(stateUngoverned)},
	{"current", "Current", "runs the newest allowed", inState(report.StateCurrent)},
}

// show is one choice of rows.
type show struct {
	Name, Title, Means string
	holds              func(*Row) bool
}

func inState(state report.State) func(*Row) bool {
	return func(row *Row) bool { return row.State == state }
}

// orders are what rows may be sorted by; byPlace decides between equals.
var orders = map[string]func(a, b *Row) int{ //nolint:gochecknoglobals // a table
	"workload":  byPlace,
	"container": func(a, b *Row) int { return cmp.Compare(a.Container, b.Container) },
	"running":   func(a, b *Row) int { return cmp.Compare(a.Running, b.Running) },
	"lag":       func(a, b *Row) int { return cmp.Compare(a.distance, b.distance) },
	"days":      func(a, b *Row) int { return cmp.Compare(a.late, b.late) },
	"policy":    func(a, b *Row) int { return cmp.Compare(a.Policy, b.Policy) },
	"state":     func(a, b *Row) int { return cmp.Compare(a.State, b.State) },
	"checked":   func(a, b *Row) int { return checkedAt(a) - checkedAt(b) },
}

// checkedAt orders by when a registry was asked, in seconds.
func checkedAt(r *Row) int {
	if r.LastCheck == nil {
		return 0
	}
	return int(r.LastCheck.Unix())
}

// Query is what of a snapshot is to be shown.
type Query struct {
	// Text is what a row has to contain, word by word, whatever the case.
	Text string
	// Show is one of shows; empty is all.
	Show string
	// Namespace is the one whose rows are wanted; empty is all.
	Namespace string
	// Sort is one of orders, and Descending the other way round.
	Sort       string
	Descending bool
	// Group puts the rows of a namespace together, whatever they are sorted by.
	Group bool
	// Page counts from 1.
	Page int
}

// Found are the rows of one page.
type Found struct {
	Rows []*Row
	// Total is how many rows there are on all pages.
	Total, Page, Pages int
	// Counts is how many rows of all pages each namespace has, if they are grouped.
	Counts map[string]int
}

// parseQuery reads a URL's query. The error says what is allowed.
func parseQuery(values url.Values) (Query, error) {
	q := Query{
		Show: values.Get("show"), Namespace: strings.TrimSpace(values.Get("namespace")),
		Sort: cmp.Or(values.Get("sort"), "workload"), Group: values.Get("group") != "",
	}
	q.Sort, q.Descending = strings.CutPrefix(q.Sort, "-")
	var err error
	if q.Text, err = textIn(values); err != nil {
		return q, err
	}
	if q.Show != "" && !slices.ContainsFunc(shows, func(s show) bool { return s.Name == q.Show }) {
		return q, fmt.Errorf("show: %q: allowed: %s", shown(q.Show), namesOf(shows))
	}
	if orders[q.Sort] == nil {
		return q, fmt.Errorf("sort: %q: allowed: checked, container, days, lag, policy, running, state, workload, each with - for descending", shown(q.Sort))
	}
	q.Page, err = pageIn(values)
	return q, err
}

func namesOf(choices []show) string {
	names := make([]string, 0, len(choices))
	for _, choice := range choices {
		names = append(names, choice.Name)
	}
	return strings.Join(names, ", ")
}

// find returns one page of the rows that a query asks for.
func (s *Snapshot) find(q Query) Found {
	rows := s.matching(q)
	order := orders[q.Sort]
	slices.SortStableFunc(rows, func(a, b *Row) int {
		by := order(a, b)
		if q.Descending {
			by = -by
		}
		if q.Group {
			return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), by)
		}
		return by
	})
	found := Found{Total: len(rows)}
	found.Rows, found.Page, found.Pages = onPage(rows, q.Page)
	if q.Group {
		found.Counts = map[string]int{}
		for _, row := range rows {
			found.Counts[row.Namespace]++
		}
	}
	return found
}

// matching are the rows that a query asks for, on all pages.
func (s *Snapshot) matching(q Query) []*Row {
	words := strings.Fields(strings.ToLower(q.Text))
	holds := func(*Row) bool { return true }
	for _, choice := range shows {
		if choice.Name == q.Show {
			holds = choice.holds
		}
	}
	rows := make([]*Row, 0, len(s.Rows))
	for _, row := range s.Rows {
		if (q.Namespace == "" || row.Namespace == q.Namespace) && holds(row) && hasWords(row.words, words) {
			rows = append(rows, row)
		}
	}
	return rows
}

func hasWords(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// path is the address of a query, with one thing changed.
func (q Query) path(change func(*Query)) string {
	if change != nil {
		change(&q)
	}
	group := ""
	if q.Group {
		group = "yes"
	}
	return addressOf("/workloads",
		parameter{"q", q.Text, ""}, parameter{"show", q.Show, ""}, parameter{"namespace", q.Namespace, ""},
		parameter{"sort", q.SortText(), "workload"}, parameter{"group", group, ""}, parameter{"page", strconv.Itoa(q.Page), "1"})
}

// SortText is the order as it is read from an address.
func (q Query) SortText() string {
	if q.Descending {
		return "-" + q.Sort
	}
	return q.Sort
}
