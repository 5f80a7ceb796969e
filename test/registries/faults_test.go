package registries

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

func headed(header, value string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, value)
		next(w, r)
	}
}

const (
	denied      = `{"errors":[{"code":"DENIED","message":"<script>10.0.0.1 says no</script>"}]}`
	maintenance = `<html><body>Maintenance at <b>10.0.0.1</b></body></html>`
	wholeList   = `{"name":"team/app","tags":["1.0.0","1.0.1"]}`
)

// Each fault of a registry, and the very words that the writer of a workload
// reads: of the registry's own text, addresses and credentials, nothing.
func TestFaultsAsAUserSeesThem(t *testing.T) {
	registry, _ := distribution(t, settings{})
	push(t, registry+"/team/app", []string{"1.0.0", "1.0.1"})

	const (
		unreachable = "web: kept at 1.0.0: registry cannot be reached"
		refused     = "web: kept at 1.0.0: not found, or the credentials may not read it"
		pause       = "web: kept at 1.0.0: registry asks for a pause"
		nonsense    = "web: kept at 1.0.0: registry's answer makes no sense"
		tooLarge    = "web: kept at 1.0.0: registry's answer is too large"
		late        = "web: kept at 1.0.0: registry did not answer in time"
	)
	for name, test := range map[string]struct {
		fault http.HandlerFunc
		want  string
		// patience, where the fault is that the answer does not come.
		patience time.Duration
	}{
		"401":                         {fault: says(401, "application/json", denied), want: refused},
		"403":                         {fault: says(403, "application/json", denied), want: refused},
		"403 with Retry-After":        {fault: headed("Retry-After", "60", says(403, "application/json", denied)), want: pause},
		"404":                         {fault: says(404, "application/json", `{"errors":[{"code":"NAME_UNKNOWN"}]}`), want: refused},
		"429 with Retry-After":        {fault: headed("Retry-After", "30", says(429, "text/plain", "Too Many Requests")), want: pause},
		"429 without":                 {fault: says(429, "text/html", maintenance), want: pause},
		"500 with HTML":               {fault: says(500, "text/html", maintenance), want: unreachable},
		"503 with Retry-After":        {fault: headed("Retry-After", "30", says(503, "text/html", maintenance)), want: unreachable},
		"200 with HTML":               {fault: says(200, "text/html", maintenance), want: nonsense},
		"200 with no body":            {fault: says(200, "application/json", ""), want: nonsense},
		"200 without tags":            {fault: says(200, "application/json", `{"name":"team/app"}`), want: nonsense},
		"200 with no tags":            {fault: says(200, "application/json", `{"tags":[]}`), want: "web: registry list has no tags"},
		"truncated JSON":              {fault: says(200, "application/json", wholeList[:30]), want: nonsense},
		"a body that is cut":          {fault: headed("Content-Length", "500", says(200, "application/json", wholeList)), want: nonsense},
		"a length that is too short":  {fault: headed("Content-Length", "20", says(200, "application/json", wholeList)), want: nonsense},
		"a Link to the page itself":   {fault: headed("Link", `</v2/team/app/tags/list?n=1000>; rel="next"`, says(200, "application/json", wholeList)), want: nonsense},
		"Links without end":           {fault: endless(), want: tooLarge},
		"a redirect to itself":        {fault: to(""), want: nonsense},
		"a redirect to metadata":      {fault: to("http://169.254.169.254/latest/meta-data/"), want: unreachable},
		"a redirect to a private one": {fault: to("http://10.0.0.1/v2/team/app/tags/list"), want: unreachable},
		"a redirect to a name of loopback": {fault: func(w http.ResponseWriter, r *http.Request) {
			_, port, _ := strings.Cut(r.Host, ":")
			http.Redirect(w, r, "http://localhost:"+port+"/elsewhere", http.StatusFound)
		}, want: unreachable},
		"a redirect to a file":        {fault: to("file:///etc/passwd"), want: unreachable},
		"a body that does not end":    {fault: drip, want: late, patience: time.Second},
		"an answer that never begins": {fault: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, want: late, patience: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, registry)
			t.Cleanup(p.CloseClientConnections) // which ends those that hang
			p.breaks(test.fault)
			a := newAdmission(t, reachable())
			if test.patience > 0 {
				a.patience = test.patience
			}
			image := p.host() + "/team/app:1.0.0"
			stored, warnings := a.create(t, image, "patch")
			if diff := cmp.Diff([]string{test.want}, warnings); diff != "" || stored != image {
				t.Errorf("stored %s, warnings (-want +got):\n%s", stored, diff)
			}
		})
	}
}

// endless gives each page another cursor.
func endless() http.HandlerFunc {
	var pages atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		headed("Link", fmt.Sprintf(`<?last=%d>; rel="next"`, pages.Add(1)), says(200, "application/json", wholeList))(w, r)
	}
}

func to(target string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if target == "" {
			target = r.URL.String()
		}
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	}
}

// drip sends the beginning of a list, and then nothing.
func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprint(w, wholeList[:30])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestLinkToAnotherHostIsNotFollowed(t *testing.T) {
	registry, _ := distribution(t, settings{maxTags: 1})
	push(t, registry+"/team/app", []string{"1.0.0", "1.0.1", "1.0.2"})
	var visits atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(other.Close)
	p := newProxy(t, registry)
	p.breaks(func(w http.ResponseWriter, r *http.Request) {
		last := map[string]string{"": "1.0.0", "1.0.0": "1.0.1", "1.0.1": "1.0.2"}[r.URL.Query().Get("last")]
		if last != "1.0.2" {
			w.Header().Set("Link", fmt.Sprintf(`<%s/v2/other/tags/list?last=%s&n=1>; rel="next"`, other.URL, last))
		}
		_, _ = fmt.Fprintf(w, `{"name":"team/app","tags":[%q],"next":%q}`, last, other.URL)
	})
	stored, warnings := newAdmission(t, reachable()).create(t, p.host()+"/team/app:1.0.0", "patch")
	if want := p.host() + "/team/app:1.0.2"; stored != want || visits.Load() != 0 {
		t.Errorf("stored %s with warnings %q, want %s; the other host had %d visits", stored, warnings, want, visits.Load())
	}
}

func TestLoopbackIsRefusedUnlessListed(t *testing.T) {
	registry, _ := distribution(t, settings{})
	push(t, registry+"/team/app", []string{"1.0.0", "1.0.1"})
	_, port, _ := strings.Cut(registry, ":")
	o := reachable()
	o.Private = nil
	a := newAdmission(t, o)
	for _, host := range []string{registry, "localhost:" + port, "[::1]:" + port, "2130706433:" + port} {
		image := host + "/team/app:1.0.0"
		stored, warnings := a.create(t, image, "patch")
		if diff := cmp.Diff([]string{"web: kept at 1.0.0: registry cannot be reached"}, warnings); diff != "" || stored != image {
			t.Errorf("%s: stored %s, warnings (-want +got):\n%s", host, stored, diff)
		}
	}
	stored, _ := newAdmission(t, reachable()).create(t, registry+"/team/app:1.0.0", "patch")
	if stored != registry+"/team/app:1.0.1" {
		t.Errorf("listed, it stores %s", stored)
	}
}
