package registry

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestListAnswers(t *testing.T) {
	small := func(o *Options) { o.MaxTags, o.MaxPageBytes = 5, 1<<10 }
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    []string
		kind    Kind
	}{
		"a list":                                   {says(200, `{"name":"a","tags":["1","2"]}`), []string{"1", "2"}, ""},
		"white space around":                       {says(200, " \n{\"tags\":[\"1\"]}\n"), []string{"1"}, ""},
		"an empty list is a list":                  {says(200, `{"tags":[]}`), nil, ""},
		"null is the empty list":                   {says(200, `{"name":"a","tags":null}`), nil, ""},
		"null among the tags":                      {says(200, `{"tags":["a",null,"b"]}`), []string{"a", "b"}, ""},
		"duplicates":                               {says(200, `{"tags":["a","b","a"]}`), []string{"a", "b"}, ""},
		"tags outside the grammar":                 {says(200, `{"tags":["a","b c",".x","é"]}`), []string{"a"}, ""},
		"a tag of 129 characters":                  {says(200, `{"tags":["a","`+strings.Repeat("x", 129)+`"]}`), []string{"a"}, ""},
		"another name is not looked at":            {says(200, `{"name":"library/other","tags":["a"]}`), []string{"a"}, ""},
		"a next in the body is not followed":       {says(200, `{"tags":["a"],"next":"http://127.0.0.1:1/"}`), []string{"a"}, ""},
		"Google's extra fields":                    {says(200, `{"child":["x"],"manifest":{"sha256:0":{"tag":["a"]}},"tags":["a"]}`), []string{"a"}, ""},
		"no tags field":                            {says(200, `{}`), nil, BadAnswer},
		"tags in capitals is no tags field":        {says(200, `{"Tags":["a"]}`), nil, BadAnswer},
		"tags twice":                               {says(200, `{"tags":["a"],"tags":["b"]}`), nil, BadAnswer},
		"tags that are a string":                   {says(200, `{"tags":"a"}`), nil, BadAnswer},
		"a number among the tags":                  {says(200, `{"tags":["a",1]}`), nil, BadAnswer},
		"null":                                     {says(200, `null`), nil, BadAnswer},
		"an array":                                 {says(200, `["a"]`), nil, BadAnswer},
		"an empty body":                            {says(200, ``), nil, BadAnswer},
		"HTML with 200":                            {says(200, `<html>maintenance</html>`), nil, BadAnswer},
		"truncated JSON":                           {says(200, `{"tags":["a","b"`), nil, BadAnswer},
		"junk after the JSON":                      {says(200, `{"tags":["a"]} <!-- -->`), nil, BadAnswer},
		"two objects":                              {says(200, `{"tags":["a"]}{"tags":["b"]}`), nil, BadAnswer},
		"more tags than are read":                  {says(200, `{"tags":["1","2","3","4","5","6"]}`), nil, TooLarge},
		"a page that is too long":                  {says(200, `{"tags":["`+strings.Repeat("x", 2<<10)+`"]}`), nil, TooLarge},
		"no content":                               {says(204, ``), nil, BadAnswer},
		"teapot":                                   {says(418, ``), nil, BadAnswer},
		"unknown repository":                       {says(404, `{"errors":[{"code":"NAME_UNKNOWN"}]}`), nil, NotFound},
		"unknown, by code alone":                   {says(400, `{"errors":[{"code":"NAME_UNKNOWN"}]}`), nil, NotFound},
		"denied":                                   {says(403, `{"errors":[{"code":"DENIED"}]}`), nil, Unauthorized},
		"denied, by code alone":                    {says(404, `{"errors":[{"code":"DENIED"}]}`), nil, Unauthorized},
		"bad gateway":                              {says(502, `<html>`), nil, Unreachable},
		"throttled, by code alone":                 {says(403, `{"errors":[{"code":"TOOMANYREQUESTS"}]}`), nil, RateLimited},
		"a body shorter than its length":           {shortBody, nil, BadAnswer},
		"a connection that is cut":                 {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, Unreachable},
		"gzip is unpacked":                         {zipped(`{"tags":["a"]}`), []string{"a"}, ""},
		"gzip that unpacks to more than is read":   {zipped(`{"tags":["` + strings.Repeat("x", 1<<20) + `"]}`), nil, TooLarge},
		"gzip that is none":                        {badGzip, nil, BadAnswer},
		"nested so deep that a parser might break": {says(200, strings.Repeat("[", 1000)), nil, BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": tt.handler}))
			got, err := list(t, client(t, small), registry.repository("a"), Credential{})
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(got)+len(tt.want) > 0 {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("tags (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func shortBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = fmt.Fprint(w, `{"tags":["a"]}`)
}

func zipped(body string) http.HandlerFunc {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	}
}

func badGzip(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = fmt.Fprint(w, `{"tags":["a"]}`)
}

// A body without end is read to the limit and no further.
func TestEndlessBodyEndsAtTheLimit(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, _ *http.Request) {
		chunk := strings.Repeat(`"1.0.0",`, 1<<13)
		_, _ = fmt.Fprint(w, `{"tags":[`)
		for range 100 << 20 / len(chunk) {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}}))
	_, err := list(t, client(t), registry.repository("a"), Credential{})
	wantKind(t, err, TooLarge)
}

// The sleeping retries of go-containerregistry came back a second late.
func TestSlowAnswersEndWithTheDeadline(t *testing.T) {
	for name, slow := range map[string]func(http.ResponseWriter, *http.Request){
		"no header": func(http.ResponseWriter, *http.Request) {},
		"a drip": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `{"tags":["a"`)
			_ = http.NewResponseController(w).Flush()
		},
	} {
		for _, path := range []string{"/v2/{$}", "/v2/a/tags/list"} {
			t.Run(name+" at "+path, func(t *testing.T) {
				asked, end := make(chan struct{}, 9), make(chan struct{})
				registry := newFake(t, open(map[string]http.HandlerFunc{
					"/v2/a/tags/list": twoTags,
					path: func(w http.ResponseWriter, r *http.Request) {
						slow(w, r)
						asked <- struct{}{}
						<-end
					},
				}))
				defer close(end)
				ctx, leave := context.WithTimeout(t.Context(), time.Minute)
				defer leave()
				go func() {
					<-asked
					leave()
				}()

				_, err := client(t).Tags(ctx, named(registry.repository("a")), Credential{})

				wantKind(t, err, Timeout)
			})
		}
	}
}

func TestOwnTimeoutEndsASlowList(t *testing.T) {
	end := make(chan struct{})
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(http.ResponseWriter, *http.Request) { <-end }}))
	defer close(end)
	c := client(t, func(o *Options) { o.HeaderTimeout = time.Millisecond })
	_, err := list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, Timeout)
}

// An error body that is not read costs the connection: ten lists against a
// large 404 page opened nine with go-containerregistry.
func TestErrorsLeaveTheConnectionUsable(t *testing.T) {
	addresses := map[string]bool{}
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, strings.Repeat("x", 60<<10))
	}}))
	c := client(t)
	for range 10 {
		_, err := list(t, c, registry.repository("a"), Credential{})
		wantKind(t, err, NotFound)
	}
	// The transport gets a connection back a moment after the body's end, which on a
	// busy machine may be too late for the next request.
	if len(addresses) > 3 {
		t.Errorf("used %d connections for ten requests", len(addresses))
	}
}
