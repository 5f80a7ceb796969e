package resolver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// What is expected costs no request more where it is what is found, and the answer is the
// list's, whatever is expected.
func TestExpectedTagIsReadBesideTheList(t *testing.T) {
	platforms := func(q *Query) { q.Platforms = []Platform{amd64} }
	for name, tt := range map[string]struct {
		expected, policy string
		ask              func(*Query)
		want             string
		requests         []string
	}{
		"nothing":                               {"", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"the newest":                            {"1.0.2", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"the newest, for its digest":            {"1.0.2", "patch", func(q *Query) { q.Pin = PinDigest }, "1.0.2", []string{"HEAD 1.0.2", "list"}},
		"the newest, of which nothing is asked": {"1.0.2", "patch", func(*Query) {}, "1.0.2", []string{"list"}},
		"another than the newest":               {"1.0.1", "patch", platforms, "1.0.2", []string{"GET 1.0.1", "GET 1.0.2", "list"}},
		"the tag that runs":                     {"1.0.0", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"a lower tag":                           {"0.9.0", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"a tag that the policy passes over":     {"2.0.0", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"a tag that is not there":               {"1.0.9", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"no tag":                                {"../evil", "patch", platforms, "1.0.2", []string{"GET 1.0.2", "list"}},
		"a tag that is held":                    {"1.0.2", "patch", func(q *Query) { platforms(q); q.Hold = Hold{Tag: "1.0.2"} }, "1.0.0", []string{"list"}},
		"a tag that is not allowed": {
			"1.0.2", "patch", func(q *Query) { platforms(q); q.Allow = func(tag string) bool { return tag == "1.0.1" } }, "1.0.1", []string{"GET 1.0.1", "list"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, now := newIndexes(t, "0.9.0", "1.0.0", "1.0.1", "1.0.2", "2.0.0"), newClock()
			r, q := x.resolver(t, now), x.query(t, tt.policy, "1.0.0")
			q.Expected = tt.expected
			tt.ask(&q)
			for _, want := range [][]string{tt.requests, nil} { // nothing is read twice
				if got := resolve(t, r, q); got.Tag != tt.want || got.Err != nil {
					t.Errorf("got %+v, want %s", got, tt.want)
				}
				calls := x.since()
				eventually(t, func() bool { // what is not needed may come later
					calls = append(calls, x.since()...)
					return len(calls) >= len(want)
				})
				slices.Sort(calls)
				if diff := gocmp.Diff(want, calls); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// The registry gives the list only once it was asked for the manifest.
func TestExpectedTagWaitsForNoList(t *testing.T) {
	x, now := newIndexes(t, "1.0.0", "1.0.2"), newClock()
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/manifests/1.0.2"):
			defer close(asked)
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			select {
			case <-asked:
			case <-time.After(20 * time.Second):
				http.Error(w, "the manifest was not asked for", http.StatusInternalServerError)
				return
			}
		}
		x.ServeHTTP(w, r)
	}))
	defer server.Close()
	q := x.query(t, "patch", "1.0.0")
	q.Repository = repo(server.Listener.Addr().String() + "/app")
	q.Platforms, q.Expected = []Platform{amd64}, "1.0.2"
	if got := resolve(t, x.resolver(t, now), q); got.Tag != "1.0.2" || got.Err != nil {
		t.Errorf("got %+v", got)
	}
}

// A tag that is missing is asked for no more often than the list, and found once it is there.
func TestExpectedTagThatIsMissingIsFoundLater(t *testing.T) {
	x := newIndexes(t, "1.0.0")
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, "/manifests/1.0.9") {
			asked.Add(1)
		}
	}))
	defer server.Close()
	r, q := x.resolver(t, newClock()), x.query(t, "patch", "1.0.0")
	q.Repository = repo(server.Listener.Addr().String() + "/app")
	q.Platforms, q.Expected = []Platform{amd64}, "1.0.9"
	for n := range 3 {
		q.Want = []string{fmt.Sprintf("1.1.%d", n)} // has the list read again
		if got := resolve(t, r, q); got.Tag != "1.0.0" {
			t.Errorf("got %+v, and there is no other tag", got)
		}
		resolve(t, r, q)
	}
	eventually(t, func() bool { return asked.Load() > 0 })
	if n := asked.Load(); n > 3 {
		t.Errorf("the tag was asked for %d times, want no more often than the list", n)
	}
	if diff := gocmp.Diff([]string{"list", "list", "list"}, x.since()); diff != "" {
		t.Errorf("requests for what is there (-want +got):\n%s", diff)
	}
	x.add("1.0.9")
	q.Want = []string{"1.0.9"}
	if got := resolve(t, r, q); got.Tag != "1.0.9" || got.Err != nil {
		t.Errorf("got %+v, want what was pushed meanwhile", got)
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
	}
}
