package page

import (
	"cmp"
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
}

// tile is a number that leads to the rows it counts.
type tile struct {
	show
	Count int
	Path  string
}

// share is a part of the bar: x and width are in thousandths.
type share struct {
	Name, Title  string
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
		Title: "Overview", Section: "overview", Snapshot: snapshot, Content: overviewOf(snapshot.Rows),
	})
}

func overviewOf(rows []*Row) overview {
	var o overview
	for _, choice := range shows {
		o.Tiles = append(o.Tiles, tile{choice, len(choose(rows, choice.holds)), showing(choice.Name, "")})
	}
	o.Current = len(choose(rows, inState(report.StateCurrent)))
	o.Governed = len(rows) - len(choose(rows, inState(stateUngoverned)))
	o.Shares = sharesOf(rows, o.Governed)
	o.Lists = []overviewList{
		listOf("failed", "Failed", "Nothing has failed.", choose(rows, inState(report.StateFailed)), orders["workload"]),
		listOf("behind", "Furthest behind", "Everything runs the newest that its policy allows.", choose(rows, (*Row).Behind), furthest),
		listOf("waiting", "Waiting", "Nothing waits.", choose(rows, (*Row).Waiting), orders["workload"]),
		listOf("unknown", "Not known", "Every registry has answered.", choose(rows, inState(report.StateUnknown)), orders["workload"]),
	}
	return o
}

func furthest(a, b *Row) int { return cmp.Or(cmp.Compare(b.distance, a.distance), byPlace(a, b)) }

func choose(rows []*Row, holds func(*Row) bool) []*Row {
	var chosen []*Row
	for _, row := range rows {
		if holds(row) {
			chosen = append(chosen, row)
		}
	}
	return chosen
}

// showing is where the rows of a choice are shown.
func showing(name, order string) string {
	return Query{Show: name, Sort: cmp.Or(order, "workload"), Descending: order == "lag", Page: 1}.path(nil)
}

func listOf(name, title, empty string, rows []*Row, order func(a, b *Row) int) overviewList {
	list := overviewList{ID: name, Title: title, Empty: empty, Path: showing(name, "")}
	if name == "behind" {
		list.Path = showing(name, "lag")
	}
	slices.SortStableFunc(rows, order)
	list.Rows = rows[:min(len(rows), maxListed)]
	list.More = len(rows) - len(list.Rows)
	return list
}

// sharesOf parts the bar among the states of governed containers.
func sharesOf(rows []*Row, all int) []share {
	var shares []share
	count, from := 0, 0
	for _, state := range []report.State{report.StateCurrent, report.StatePending, report.StateRolling, report.StateFailed, report.StateUnknown} {
		of := len(choose(rows, inState(state)))
		if of == 0 {
			continue
		}
		count += of
		to := count * 1000 / all
		shares = append(shares, share{Name: string(state), Title: string(state), Count: of, From: from, Length: to - from})
		from = to
	}
	return shares
}
