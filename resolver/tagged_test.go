package resolver

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// indexes is a registry of one repository, each of whose tags is an index of one image
// for linux/amd64. It notes what it is asked.
type indexes struct {
	*httptest.Server

	mu      sync.Mutex
	created map[string]string // by tag
	calls   []string
	fault   http.HandlerFunc // answers for the tag 1.0.2; nil is none
}

func newIndexes(t *testing.T, tags ...string) *indexes {
	t.Helper()
	x := &indexes{created: map[string]string{}}
	for _, tag := range tags {
		x.created[tag] = "2026-01-01T00:00:00Z"
	}
	x.Server = httptest.NewServer(x)
	t.Cleanup(x.Close)
	return x
}

func (x *indexes) add(tag string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.created[tag] = "2026-01-02T00:00:00Z"
}

func (x *indexes) body(tag string) string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
		"annotations":{"org.opencontainers.image.created":%q,"tag":%q},
		"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%064d","platform":{"os":"linux","architecture":"amd64"}}]}`,
		x.created[tag], tag, 0)
}

func (x *indexes) digest(tag string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(x.body(tag))))
}

func (x *indexes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	what, ok := strings.CutPrefix(r.URL.Path, "/v2/app/")
	if !ok {
		return // the ping
	}
	if what == "tags/list" {
		x.calls = append(x.calls, "list")
		_, _ = fmt.Fprintf(w, `{"tags":["%s"]}`, strings.Join(slices.Sorted(maps.Keys(x.created)), `","`))
		return
	}
	of := strings.TrimPrefix(what, "manifests/")
	for tag := range x.created {
		if of != tag && of != x.digest(tag) {
			continue
		}
		kind := tag
		if of != tag {
			kind = "content of " + tag
		}
		x.calls = append(x.calls, r.Method+" "+kind)
		if x.fault != nil && tag == "1.0.2" {
			x.fault(w, r)
			return
		}
		w.Header().Set("Docker-Content-Digest", x.digest(tag))
		_, _ = fmt.Fprint(w, x.body(tag))
		return
	}
	http.NotFound(w, r)
}

// since returns and forgets what was asked.
func (x *indexes) since() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	calls := x.calls
	x.calls = nil
	return calls
}

func (x *indexes) resolver(t *testing.T, now *clock) *Resolver {
	t.Helper()
	client, err := registry.New(registry.Options{Private: []string{"127.0.0.1"}, Now: now.Now, Rate: 1e6, Burst: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return New(client, Options{Now: now.Now})
}

func (x *indexes) query(t *testing.T, name, tag string) Query {
	t.Helper()
	return Query{Repository: repo(x.Listener.Addr().String() + "/app"), Tag: tag, Policy: parse(t, name)}
}

// A GET of a manifest is a pull at Docker Hub, and a HEAD is not: it is for what would be
// read next, and for the first time.
func TestManifestIsReadAtOnceWhereItIsLookedAt(t *testing.T) {
	for name, tt := range map[string]struct {
		policy, tag string
		ask         func(*Query, *indexes)
		// first is what is asked, and later what an hour after that.
		first, later []string
	}{
		"platforms": {
			"patch", "1.0.0", func(q *Query, _ *indexes) { q.Platforms = []Platform{amd64} },
			[]string{"list", "GET 1.0.2"}, []string{"list", "HEAD 1.0.2"},
		},
		"platforms, and a pin": {
			"patch", "1.0.0", func(q *Query, _ *indexes) { q.Platforms, q.Pin = []Platform{amd64}, PinDigest },
			[]string{"list", "GET 1.0.2"}, []string{"list", "HEAD 1.0.2"},
		},
		"an age": {
			"patch", "1.0.0", func(q *Query, _ *indexes) { q.MinAge = time.Hour },
			[]string{"list", "GET 1.0.2"}, []string{"list", "HEAD 1.0.2"},
		},
		"an age of the digest that the base gets": {
			"patch", "1.0.2", func(q *Query, _ *indexes) { q.MinAge, q.Pin = time.Hour, PinDigest },
			[]string{"list", "GET 1.0.2"}, []string{"list", "HEAD 1.0.2"},
		},
		"platforms of a followed tag": {
			"force", "1.0.2", func(q *Query, _ *indexes) { q.Platforms = []Platform{amd64} },
			[]string{"GET 1.0.2"}, []string{"HEAD 1.0.2"},
		},
		"platforms of a followed tag whose digest runs": {
			"force", "1.0.2", func(q *Query, x *indexes) { q.Platforms, q.Digest = []Platform{amd64}, x.digest("1.0.2") },
			[]string{"HEAD 1.0.2"}, []string{"HEAD 1.0.2"},
		},
		"a digest alone": {
			"patch", "1.0.0", func(q *Query, _ *indexes) { q.Pin = PinDigest },
			[]string{"list", "HEAD 1.0.2"}, []string{"list", "HEAD 1.0.2"},
		},
		"a soaked digest that may say no": {
			"patch", "1.0.0", func(q *Query, _ *indexes) {
				q.Platforms = []Platform{amd64}
				q.Soaks = []Soak{{Where: "staging", Otherwise: "runs another", Versions: []Soaking{{Tag: "1.0.2", Digest: "sha256:other"}}}}
			},
			[]string{"list", "HEAD 1.0.2"}, []string{"list", "HEAD 1.0.2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, now := newIndexes(t, "1.0.0", "1.0.2"), newClock()
			r, q := x.resolver(t, now), x.query(t, tt.policy, tt.tag)
			if tt.policy == "force" {
				q.Policy = following(t)
			}
			tt.ask(&q, x)
			for _, want := range [][]string{tt.first, nil, tt.later} {
				if got := resolve(t, r, q); got.Err != nil {
					t.Errorf("got %+v", got)
				}
				if diff := gocmp.Diff(want, x.since()); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
				if want == nil {
					now.Advance(time.Hour)
				}
			}
		})
	}
}

// following is force with matchTag.
func following(t *testing.T) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(policy.Spec{Name: "force", MatchTag: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newest compares many tags, of which several lead to the same image.
func TestManifestsOfManyTagsAreReadByDigest(t *testing.T) {
	x := newIndexes(t, "a", "b")
	resolve(t, x.resolver(t, newClock()), x.query(t, "newest", "a"))
	calls := x.since()
	slices.Sort(calls)
	if diff := gocmp.Diff([]string{"GET content of a", "GET content of b", "HEAD a", "HEAD b", "list"}, calls); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A manifest that cannot be read is asked for once, as its digest was.
func TestFaultOfATagsManifestTakesOneRequest(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	other := fmt.Sprintf("sha256:%064d", 1)
	for name, tt := range map[string]struct {
		fault http.HandlerFunc
		want  string // the tag
		asked []string
	}{
		"404": {status(http.StatusNotFound), "1.0.1", []string{"list", "GET 1.0.2", "GET 1.0.1"}},
		"401": {status(http.StatusUnauthorized), "1.0.0", []string{"list", "GET 1.0.2"}},
		"403": {status(http.StatusForbidden), "1.0.0", []string{"list", "GET 1.0.2"}},
		"405": {status(http.StatusMethodNotAllowed), "1.0.0", []string{"list", "GET 1.0.2"}},
		"429": {status(http.StatusTooManyRequests), "1.0.0", []string{"list", "GET 1.0.2"}},
		"500": {status(http.StatusInternalServerError), "1.0.0", []string{"list", "GET 1.0.2"}},
		"503": {status(http.StatusServiceUnavailable), "1.0.0", []string{"list", "GET 1.0.2"}},
		"a page": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") }, "1.0.0", []string{"list", "GET 1.0.2"},
		},
		"a body that is cut": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "500")
				_, _ = fmt.Fprint(w, `{"schemaVersion":2`)
			}, "1.0.0", []string{"list", "GET 1.0.2"},
		},
		"the digest of something that is not there": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Docker-Content-Digest", other)
				_, _ = fmt.Fprint(w, `{"schemaVersion":2}`)
			}, "1.0.1", []string{"list", "GET 1.0.2", "GET 1.0.1"}, // and one by the digest, which is no tag's
		},
		"an index of no image": {
			func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, `{"schemaVersion":2,"manifests":[]}`)
			},
			"1.0.1", []string{"list", "GET 1.0.2", "GET 1.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newIndexes(t, "1.0.0", "1.0.1", "1.0.2")
			x.fault = tt.fault
			r, q := x.resolver(t, newClock()), x.query(t, "patch", "1.0.0")
			q.Platforms = []Platform{amd64}
			for _, want := range [][]string{tt.asked, nil} {
				if got := resolve(t, r, q); got.Tag != tt.want {
					t.Errorf("got %+v, want %s", got, tt.want)
				}
				asked := x.since()
				if want == nil && slices.Equal(asked, []string{"GET 1.0.2"}) && tt.want == "1.0.1" {
					continue // what was not there is not left alone
				}
				if diff := gocmp.Diff(want, asked); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			}
		})
	}
}
