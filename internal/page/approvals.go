package page

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// Which updates are shown.
const (
	showPending = "pending"
	showOver    = "over"
)

// maxAll is how many updates one action votes on.
const maxAll = 500

// approvals is the view of updates.
type approvals struct {
	choice
	Rows                  []ballotRow
	Total, Pages, Current int
	Previous, Next        string
	// Seal is of all that match and are pending, which Matching counts.
	Seal     string
	Matching int
	Most     int
	Absent   bool
	Untold   string
}

// ballotRow is an update, and what the person may do about it beside voting.
type ballotRow struct {
	*proposal
	// Voted: a vote of the person's counts.
	Voted bool
	// MayGoNow: the workload comes after another, and an approval may have the update go
	// past that.
	MayGoNow bool
}

// rowsOf are the updates of one page.
func (s *Snapshot) rowsOf(all []*proposal) []ballotRow {
	rows := make([]ballotRow, 0, len(all))
	for _, p := range all {
		row := ballotRow{proposal: p}
		row.Voted = s.voter != "" && slices.ContainsFunc(p.Status.Voters, func(v v1alpha1.Voter) bool { return v.Name == s.voter })
		if p.Pending() || voting.PhaseOf(p.ImageUpdate) == v1alpha1.PhaseApproved {
			row.MayGoNow = slices.ContainsFunc(s.of(p.key()), func(r *Row) bool { return r.Container == p.Spec.Container && r.After != "" })
		}
		rows = append(rows, row)
	}
	return rows
}

// choice is which updates are wanted.
type choice struct {
	Text, Namespace, Show string
	Page                  int
}

// parseChoice reads a query or a form. The error says what is allowed.
func parseChoice(values url.Values) (choice, error) {
	c := choice{Namespace: strings.TrimSpace(values.Get("namespace")), Show: cmp.Or(values.Get("show"), showPending)}
	var err error
	if c.Text, err = textIn(values); err != nil {
		return c, err
	}
	if c.Show != showPending && c.Show != showOver {
		return c, fmt.Errorf("show: %q: allowed: pending, over", shown(c.Show))
	}
	c.Page, err = pageIn(values)
	return c, err
}

func (c choice) path(page int) string {
	return addressOf("/approvals",
		parameter{"q", c.Text, ""}, parameter{"namespace", c.Namespace, ""}, parameter{"show", c.Show, showPending},
		parameter{"page", strconv.Itoa(page), "1"})
}

// of are the updates that are wanted.
func (c choice) of(all []*proposal) []*proposal {
	words := strings.Fields(strings.ToLower(c.Text))
	var found []*proposal
	for _, p := range all {
		if p.Pending() == (c.Show == showPending) && (c.Namespace == "" || p.Namespace == c.Namespace) && hasWords(p.words, words) {
			found = append(found, p)
		}
	}
	return found
}

func (p *Page) approvals(w http.ResponseWriter, r *http.Request) {
	wanted, err := parseChoice(r.URL.Query())
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error()+".")
		return
	}
	p.showApprovals(w, r, http.StatusOK, wanted, nil)
}

func (p *Page) showApprovals(w http.ResponseWriter, r *http.Request, code int, wanted choice, said *notice) {
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.show(w, r, code, "approvals", view{
		Title: "Approvals", Section: "approvals", Snapshot: snapshot, Here: wanted.path(wanted.Page), Notice: said,
		Content: approvalsOf(snapshot, wanted),
	})
}

func approvalsOf(snapshot *Snapshot, wanted choice) approvals {
	known := snapshot.updates
	matching := wanted.of(known.all)
	a := approvals{choice: wanted, Total: len(matching), Most: maxAll, Absent: known.absent, Untold: known.missing}
	part, current, pages := onPage(matching, wanted.Page)
	a.Rows, a.Current, a.Pages = snapshot.rowsOf(part), current, pages
	if wanted.Show == showPending {
		a.Matching, a.Seal = len(matching), seal(matching)
	}
	if a.Current > 1 {
		a.Previous = wanted.path(a.Current - 1)
	}
	if a.Current < a.Pages {
		a.Next = wanted.path(a.Current + 1)
	}
	return a
}
