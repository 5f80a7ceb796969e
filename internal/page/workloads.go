package page

import (
	"net/http"
)

// maxNamespaces is how many namespaces the filter proposes.
const maxNamespaces = 500

// table is the view of all workloads.
type table struct {
	Query
	Found
	Shows   []show
	Columns []column
	// Names are the namespaces that the filter proposes.
	Names          []string
	Previous, Next string
	// Filtered is whether rows are left out.
	Filtered bool
}

// column is a heading, with the address that sorts by it.
type column struct {
	Name, Title, Path string
	// Order is what a screen reader says: ascending, descending or none.
	Order string
}

func (p *Page) workloads(w http.ResponseWriter, r *http.Request) {
	query, err := parseQuery(r.URL.Query())
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error()+".")
		return
	}
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "workloads", view{
		Title: "Workloads", Section: "workloads", Snapshot: snapshot, Here: query.path(nil), Content: tableOf(snapshot, query),
	})
}

func tableOf(s *Snapshot, q Query) table {
	t := table{Query: q, Found: s.find(q), Shows: shows, Names: s.Namespaces[:min(len(s.Namespaces), maxNamespaces)]}
	t.Filtered = q.Text != "" || q.Show != "" || q.Namespace != ""
	for _, c := range []column{
		{Name: "workload", Title: "Workload"}, {Name: "container", Title: "Container"}, {Name: "running", Title: "Runs"}, {Name: "lag", Title: "Newest"},
		{Name: "policy", Title: "Policy"}, {Name: "state", Title: "State"}, {Name: "checked", Title: "Checked"},
	} {
		c.Order = "none"
		descending := false
		if c.Name == q.Sort {
			c.Order = "ascending"
			descending = !q.Descending
			if q.Descending {
				c.Order = "descending"
			}
		}
		c.Path = q.path(func(q *Query) { q.Sort, q.Descending, q.Page = c.Name, descending, 1 })
		t.Columns = append(t.Columns, c)
	}
	if t.Found.Page > 1 {
		t.Previous = q.path(func(q *Query) { q.Page = t.Found.Page - 1 })
	}
	if t.Found.Page < t.Pages {
		t.Next = q.path(func(q *Query) { q.Page = t.Found.Page + 1 })
	}
	return t
}

// Starts reports whether a row is the first of its namespace on the page.
func (t table) Starts(i int) bool {
	return t.Group && (i == 0 || t.Rows[i-1].Namespace != t.Rows[i].Namespace)
}
