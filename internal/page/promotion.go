package page

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// promotion is the view of the stages that versions go through.
type promotion struct {
	chainQuery
	Chains                []*chain
	Total, Pages, Current int
	Previous, Next        string
}

// chainQuery is which chains are wanted.
type chainQuery struct {
	Text, Namespace string
	Page            int
}

// parseChainQuery reads a URL's query. The error says what is allowed.
func parseChainQuery(values url.Values) (chainQuery, error) {
	q := chainQuery{Namespace: strings.TrimSpace(values.Get("namespace"))}
	var err error
	if q.Text, err = textIn(values); err != nil {
		return q, err
	}
	q.Page, err = pageIn(values)
	return q, err
}

func (q chainQuery) path(page int) string {
	return addressOf("/promotion",
		parameter{"q", q.Text, ""}, parameter{"namespace", q.Namespace, ""}, parameter{"page", strconv.Itoa(page), "1"})
}

// of are the chains that are wanted.
func (q chainQuery) of(all []*chain) []*chain {
	words := strings.Fields(strings.ToLower(q.Text))
	var found []*chain
	for _, c := range all {
		if (q.Namespace == "" || c.spaces[q.Namespace]) && hasWords(c.words, words) {
			found = append(found, c)
		}
	}
	return found
}

func (p *Page) promotion(w http.ResponseWriter, r *http.Request) {
	wanted, err := parseChainQuery(r.URL.Query())
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error()+".")
		return
	}
	snapshot, err := p.feed.snapshot(r.Context(), p.options.Every)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "promotion", view{
		Title: "Promotion", Section: "promotion", Snapshot: snapshot, Here: wanted.path(wanted.Page),
		Content: promotionOf(snapshot.chains(), wanted),
	})
}

func promotionOf(all []*chain, wanted chainQuery) promotion {
	matching := wanted.of(all)
	v := promotion{chainQuery: wanted, Total: len(matching)}
	v.Chains, v.Current, v.Pages = onPage(matching, wanted.Page)
	if v.Current > 1 {
		v.Previous = wanted.path(v.Current - 1)
	}
	if v.Current < v.Pages {
		v.Next = wanted.path(v.Current + 1)
	}
	return v
}

// MorePath is where all workloads of the chain are listed.
func (c *chain) MorePath() string {
	return Query{Text: c.Repository, Sort: "workload", Page: 1}.path(nil)
}

// PathOf is where a workload of a chain is shown; empty where the updater knows nothing of
// it, so that its kind is not known as the API server writes it.
func (s *stop) PathOf() string {
	if len(s.Rows) == 0 {
		return ""
	}
	row := s.Rows[0]
	return "/workloads/" + url.PathEscape(row.Namespace) + "/" + url.PathEscape(row.Kind) + "/" + url.PathEscape(row.Name)
}

// StagesPath is where the stages of the container's image are shown.
func (r *Row) StagesPath() string {
	return chainQuery{Text: r.Repository, Page: 1}.path(1)
}
