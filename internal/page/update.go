package page

import (
	"net/http"
	"slices"
)

// updateDetail is the view of one update.
type updateDetail struct {
	ballotRow
	comparison
}

// update shows one update: what its images are, beside who has voted.
func (p *Page) update(w http.ResponseWriter, r *http.Request) {
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	at := slices.IndexFunc(snapshot.updates.all, func(u *proposal) bool {
		return u.Namespace == r.PathValue("namespace") && u.Name == r.PathValue("name")
	})
	if at < 0 {
		p.refuse(w, r, http.StatusNotFound, "There is no such update, or it may not be read.")
		return
	}
	one := snapshot.updates.all[at]
	d := updateDetail{ballotRow: snapshot.rowsOf([]*proposal{one})[0]}
	rows := snapshot.of(one.key())
	row := slices.IndexFunc(rows, func(row *Row) bool {
		return row.Container == one.Spec.Container && row.Repository == one.Spec.Repository
	})
	if row < 0 {
		d.Untold = "What the images say of themselves is not known: the updater follows no such container of this image any more."
	} else {
		labels, of := []string{"From", "To"}, []string{one.From, one.To}
		if one.From == "" {
			labels, of = labels[1:], of[1:]
		}
		d.comparison = p.compare(r.Context(), rows[row], labels, of)
	}
	p.show(w, r, http.StatusOK, "update", view{Title: one.Title(), Section: "approvals", Snapshot: snapshot, Content: d})
}
