package page

import (
	"net/http"
	"slices"

	"github.com/garboard-dev/garboard/updater/report"
)

// maxListed is how many workloads each list of the overview names.
const maxListed = 8

// overview is the first view.
type overview struct {
	Tiles []tile
	// Governed is how many containers there are, Current how many run the newest.
	Governed, Current int
	Shares            []share
	Lists             []overviewList
	// Longest is the longest time in days; empty where none is known. Undated is of how many
	// that are behind no time is known.
	Longest string
	Undated int
}

// tile is a number that leads to the rows it counts.
type tile struct {
	show
	Count int
	Path  string
}

// share is a part of the bar: x and width are in thousandths.
type share struct {
	Name         string
	Count        int
	From, Length int
}

// overviewList are the first of some rows.
type overviewList struct {
	ID, Title, Empty, Path string
	Rows                   []*Row
	More                   int
}

func (p *Page) overview(w http.ResponseWriter, r *http.Request) {
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "overview", view{
		Title: "Overview", Section: "overview", Snapshot: snapshot, Content: overviewOf(snapshot),
	})
}

func overviewOf(s *Snapshot) overview {
	var o overview
	for _, choice := range shows {
		o.Tiles = append(o.Tiles, tile{choice, count(s.Rows, choice.holds), showing(choice.Name).path(nil)})
	}
	o.Current = count(s.Rows, inState(report.StateCurrent))
	o.Governed = len(s.Rows) - count(s.Rows, inState(stateUngoverned))
	o.Shares = sharesOf(s.Rows, o.Governed)
	furthest := showing("behind")
	furthest.Sort, furthest.Descending = "lag", true
	longest := showing("behind")
	longest.Sort, longest.Descending = "days", true
	for _, row := range s.Rows {
		if row.Behind() && row.Days == "" {
			o.Undated++
		}
	}
	o.Lists = []overviewList{
		s.listOf(showing("failed"), "Failed", "Nothing has failed."),
		s.listOf(furthest, "Furthest behind", "Everything runs the newest that its policy allows."),
		s.listOf(showing("waiting"), "Waiting", "Nothing waits."),
		s.listOf(showing("unknown"), "Not known", "Every registry has answered."),
	}
	if found := s.find(longest); len(found.Rows) > 0 && found.Rows[0].late >= 0 {
		o.Longest = found.Rows[0].Days
		dated := overviewList{ID: "longest", Title: "Longest behind", Path: longest.path(nil), Rows: found.Rows[:min(len(found.Rows), maxListed)]}
		dated.Rows = slices.DeleteFunc(slices.Clone(dated.Rows), func(row *Row) bool { return row.late < 0 })
		dated.More = found.Total - o.Undated - len(dated.Rows)
		o.Lists = slices.Insert(o.Lists, 2, dated)
	}
	return o
}

// showing asks for the rows of a choice.
func showing(name string) Query { return Query{Show: name, Sort: "workload", Page: 1} }

func count(rows []*Row, holds func(*Row) bool) int {
	n := 0
	for _, row := range rows {
		if holds(row) {
			n++
		}
	}
	return n
}

func (s *Snapshot) listOf(q Query, title, empty string) overviewList {
	found := s.find(q)
	rows := found.Rows[:min(len(found.Rows), maxListed)]
	return overviewList{ID: q.Show, Title: title, Empty: empty, Path: q.path(nil), Rows: rows, More: found.Total - len(rows)}
}

// sharesOf parts the bar among the states of governed containers.
func sharesOf(rows []*Row, all int) []share {
	var shares []share
	counted, from := 0, 0
	for _, state := range []report.State{report.StateCurrent, report.StatePending, report.StateRolling, report.StateFailed, report.StateUnknown} {
		of := count(rows, inState(state))
		if of == 0 {
			continue
		}
		counted += of
		to := counted * 1000 / all
		shares = append(shares, share{Name: string(state), Count: of, From: from, Length: to - from})
		from = to
	}
	return shares
}
