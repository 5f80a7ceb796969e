package registry

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pages serves n pages of two tags, the Link of each made by link.
func pages(n int, link func(r *http.Request, next string) http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i, _ := strconv.Atoi(r.URL.Query().Get("last"))
		if i+1 < n {
			for key, values := range link(r, strconv.Itoa(i+1)) {
				w.Header()[key] = values
			}
		}
		_, _ = fmt.Fprintf(w, `{"tags":["%d-a","%d-b"]}`, i, i)
	}
}

func links(values ...string) func(*http.Request, string) http.Header {
	return func(r *http.Request, next string) http.Header {
		header := http.Header{}
		for _, value := range values {
			header.Add("Link", strings.NewReplacer("NEXT", next, "HOST", r.Host).Replace(value))
		}
		return header
	}
}

func TestPagination(t *testing.T) {
	all := []string{"0-a", "0-b", "1-a", "1-b", "2-a", "2-b"}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    []string
		kind    Kind
	}{
		"relative Link":                         {pages(3, links(`</v2/a/tags/list?last=NEXT&n=2>; rel="next"`)), all, ""},
		"absolute Link":                         {pages(3, links(`<http://HOST/v2/a/tags/list?n=2&last=NEXT>; rel="next"`)), all, ""},
		"Link without angle brackets":           {pages(3, links(`/v2/a/tags/list?last=NEXT&n=2; rel="next"`)), all, ""},
		"Link without quotes":                   {pages(3, links(`</v2/a/tags/list?last=NEXT>;rel=next`)), all, ""},
		"Link to another host":                  {pages(3, links(`<https://evil.example/v2/a/tags/list?last=NEXT>; rel="next"`)), all, ""},
		"Link to another repository":            {pages(3, links(`</v2/b/tags/list?last=NEXT>; rel="next"`)), all, ""},
		"Link that lost its path (Artifactory)": {pages(3, links(`</?last=NEXT>; rel="next"`)), all, ""},
		"two Link headers":                      {pages(3, links(`</?x=1>; rel="prev"`, `</?last=NEXT>; rel="next"`)), all, ""},
		"two links in a header":                 {pages(3, links(`</?x=1>; rel="first", </?last=NEXT>; rel="next"`)), all, ""},
		"rel=prev alone":                        {pages(3, links(`</?last=NEXT>; rel="prev"`)), all[:2], ""},
		"Link without rel":                      {pages(3, links(`</?last=NEXT>`)), all[:2], ""},
		"Link without query":                    {pages(3, links(`</v2/a/tags/list>; rel="next"`)), nil, BadAnswer},
		"Link to itself":                        {pages(3, links(`</?last=1>; rel="next"`)), nil, BadAnswer},
		"a circle of two":                       {circle, nil, BadAnswer},
		"Link without end":                      {endless, nil, TooLarge},
		"Link on the last page (Gitea)":         {lastPageLinked, []string{"a"}, ""},
		"an error in the middle":                {failsOnSecond(http.StatusBadGateway), nil, Unreachable},
		"HTML in the middle":                    {failsOnSecond(http.StatusOK), nil, BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": tt.handler}))
			got, err := list(t, client(t), registry.repository("a"), Credential{})
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
		})
	}
}

func circle(w http.ResponseWriter, r *http.Request) {
	other := map[string]string{"1": "2", "": "1", "2": "1"}[r.URL.Query().Get("last")]
	w.Header().Set("Link", `</?last=`+other+`>; rel="next"`)
	says(200, `{"tags":["a"]}`)(w, r)
}

func endless(w http.ResponseWriter, r *http.Request) {
	i, _ := strconv.Atoi(r.URL.Query().Get("last"))
	w.Header().Set("Link", fmt.Sprintf(`</?last=%d>; rel="next"`, i+1))
	says(200, `{"tags":["a"]}`)(w, r)
}

func lastPageLinked(w http.ResponseWriter, r *http.Request) {
	i, _ := strconv.Atoi(r.URL.Query().Get("last"))
	w.Header().Set("Link", fmt.Sprintf(`</?last=%d>; rel="next"`, i+1))
	if i > 0 {
		says(200, `{"tags":[]}`)(w, r)
		return
	}
	says(200, `{"tags":["a"]}`)(w, r)
}

func failsOnSecond(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("last") != "" {
			says(status, "<html>")(w, r)
			return
		}
		w.Header().Set("Link", `</?last=1>; rel="next"`)
		says(200, `{"tags":["a"]}`)(w, r)
	}
}

func TestLimitsHoldOverAllPages(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"tags":  func(o *Options) { o.MaxTags = 5 },
		"bytes": func(o *Options) { o.MaxBytes = 50 },
		"pages": func(o *Options) { o.MaxPages = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, open(map[string]http.HandlerFunc{
				"/v2/a/tags/list": pages(3, links(`</?last=NEXT>; rel="next"`)),
			}))
			_, err := list(t, client(t, change), registry.repository("a"), Credential{})
			wantKind(t, err, TooLarge)
		})
	}
}

func TestPageSize(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    []string
		calls   int
	}{
		"refused with 400": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("n") {
				says(400, `{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}`)(w, r)
				return
			}
			says(200, `{"tags":["a"]}`)(w, r)
		}, []string{"a"}, 2},
		"refused as unsupported": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("n") {
				says(405, `{"errors":[{"code":"UNSUPPORTED"}]}`)(w, r)
				return
			}
			says(200, `{"tags":["a"]}`)(w, r)
		}, []string{"a"}, 2},
		// go-containerregistry's own test registry does so, and Nexus groups.
		"cut at n without a Link": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("n") {
				says(200, `{"tags":["a","b"]}`)(w, r)
				return
			}
			says(200, `{"tags":["a","b","c"]}`)(w, r)
		}, []string{"a", "b", "c"}, 2},
		"ignored": {says(200, `{"tags":["a","b","c"]}`), []string{"a", "b", "c"}, 1},
		"cursor deleted meanwhile (zot): once more from the start": {func() http.HandlerFunc {
			failed := false
			return func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Has("last") && !failed {
					failed = true
					says(404, `{}`)(w, r)
					return
				}
				pages(2, links(`</?last=NEXT>; rel="next"`))(w, r)
			}
		}(), []string{"0-a", "0-b", "1-a", "1-b"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": tt.handler}))
			got, err := list(t, client(t, func(o *Options) { o.PageSize = 2 }), registry.repository("a"), Credential{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if calls := registry.count("GET /v2/a/tags/list"); calls != tt.calls {
				t.Errorf("asked %d times, want %d", calls, tt.calls)
			}
		})
	}
}
