package registries

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

const (
	accusation  = `{"errors":[{"code":"DENIED","message":"<script>10.0.0.1 says no</script>"}]}`
	maintenance = `<html><body>Maintenance at <b>10.0.0.1</b></body></html>`
	wholeList   = `{"name":"team/app","tags":["1.0.0","1.0.1"]}`
)

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// lists is a list of these tags, in JSON as it is given.
func lists(tags string) http.HandlerFunc {
	return says(http.StatusOK, "application/json", `{"name":"team/app","tags":[`+tags+`]}`)
}

func headed(header, value string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, value)
		next(w, r)
	}
}

// once answers the first request, and leaves the others to next.
func once(fault http.HandlerFunc, next http.Handler) http.HandlerFunc {
	var asked atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) {
		if !asked.Swap(true) {
			fault(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// only answers where the path ends so, and leaves the others to next.
func only(path string, fault http.HandlerFunc, next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, path) {
			fault(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// endless gives each page another cursor.
func endless() http.HandlerFunc {
	var pages atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		headed("Link", fmt.Sprintf(`<?last=%d>; rel="next"`, pages.Add(1)), lists(`"1.0.0","1.0.1"`))(w, r)
	}
}

// to redirects; "" is to the request itself.
func to(target string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		where := target
		if where == "" {
			where = r.URL.String()
		}
		http.Redirect(w, r, where, http.StatusTemporaryRedirect)
	}
}

// hangs takes a request and never answers.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// drips sends the beginning of a list, and then nothing.
func drips(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprint(w, wholeList[:30])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// bomb is a list of some ten kilobytes that unpacks to 32 MiB.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	packed := gzip.NewWriter(w)
	_, _ = fmt.Fprint(packed, `{"tags":["1.0.0","1.0.1"]`)
	blank := make([]byte, 1<<20)
	for i := range blank {
		blank[i] = ' '
	}
	for range 32 {
		_, _ = packed.Write(blank)
	}
	_, _ = fmt.Fprint(packed, "}")
	_ = packed.Close()
}
