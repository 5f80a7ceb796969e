package resolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/garboard-dev/garboard/resolver/internal/testclock"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// clock is one that a test sets.
type clock = testclock.Clock

func newClock() *clock { return testclock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) }

// world is a real registry on loopback that counts and can fail.
type world struct {
	t      testing.TB
	server *httptest.Server
	clock  *clock

	mu    sync.Mutex
	lists int
	heads int
	all   int
	fault http.HandlerFunc // answers lists and manifests instead; nil is none
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	quiet := log.New(io.Discard, "", 0)
	backend := ggcr.New(ggcr.Logger(quiet))
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		fault := w.fault
		if r.Method != http.MethodPut {
			w.all++
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			w.lists++
		case r.Method == http.MethodHead:
			w.heads++
		default:
			fault = nil
		}
		w.mu.Unlock()
		if fault != nil {
			fault(rw, r)
			return
		}
		backend.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) repository() string { return w.server.Listener.Addr().String() + "/team/app" }

// push puts a manifest of its own behind each tag.
func (w *world) push(tags ...string) {
	w.t.Helper()
	for _, tag := range tags {
		w.pushContent(tag, tag)
	}
}

func (w *world) pushContent(tag, content string) {
	w.t.Helper()
	w.send(http.MethodPut, tag, fmt.Sprintf(`{"schemaVersion":2,"annotations":{"content":%q}}`, content))
}

func (w *world) send(method, tag, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+"/v2/team/app/manifests/"+tag, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		w.t.Fatalf("%s %s: %s", method, tag, resp.Status)
	}
}

func (w *world) breaks(fault http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

// since returns and forgets how often lists and digests were asked for.
func (w *world) since() (lists, heads int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lists, heads = w.lists, w.heads
	w.lists, w.heads, w.all = 0, 0, 0
	return lists, heads
}

func (w *world) wantRequests(t *testing.T, lists, heads int) {
	t.Helper()
	gotLists, gotHeads := w.since()
	if gotLists != lists || gotHeads != heads {
		t.Errorf("%d lists and %d digests were asked for, want %d and %d", gotLists, gotHeads, lists, heads)
	}
}

func (w *world) resolver() *Resolver {
	w.t.Helper()
	client, err := registry.New(registry.Options{Private: []string{"127.0.0.1"}, Now: w.clock.Now, Rate: 1e6, Burst: 1 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	return New(client, Options{Now: w.clock.Now})
}

func (w *world) query(name, tag string) Query {
	return Query{Repository: repo(w.repository()), Tag: tag, Policy: parse(w.t, name)}
}

// repo parses the name of a repository; "" is the zero value.
func repo(name string) Repository {
	if name == "" {
		return Repository{}
	}
	parsed, err := ParseRepository(name)
	if err != nil {
		panic(err)
	}
	return parsed
}

func parse(t testing.TB, name string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(policy.Spec{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// resolve asks within a generous deadline and wants an answer.
func resolve(t *testing.T, r *Resolver, q Query) Resolution {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	resolution, err := r.Resolve(ctx, q)
	if err != nil {
		t.Fatalf("Resolve: %v", err)
	}
	return resolution
}

func wantTag(t *testing.T, got Resolution, tag string, reason policy.Reason) {
	t.Helper()
	if got.Tag != tag || got.Reason != reason {
		t.Errorf("got %s (%s), want %s (%s)", got.Tag, got.Reason, tag, reason)
	}
}

func wantKind(t *testing.T, err error, kind registry.Kind) {
	t.Helper()
	failed, ok := errors.AsType[*registry.Error](err)
	if !ok || failed.Kind != kind {
		t.Errorf("got error %v, want a *registry.Error of kind %s", err, kind)
	}
}

// script is a Registry whose answers a test sets.
type script struct {
	mu      sync.Mutex
	tags    []string
	digests map[string]string
	images  map[string]registry.Image // by digest
	looked  []string                  // digests that were looked at
	refuses map[string]bool           // credential IDs
	err     error
	reads   int
	seen    []string // credential IDs
}

func (s *script) Tags(_ context.Context, _ Repository, credential Credential) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	s.seen = append(s.seen, credential.ID())
	if s.refuses[credential.ID()] {
		return nil, &registry.Error{Kind: registry.Unauthorized, Repository: "example.com/app"}
	}
	return s.tags, s.err
}

func (s *script) Image(_ context.Context, repository Repository, digest string, _ Credential, _ bool) (registry.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = append(s.looked, digest)
	image, ok := s.images[digest]
	if !ok {
		return image, &registry.Error{Kind: registry.NotFound, Repository: repository.String()}
	}
	if image.Platforms == nil {
		return image, &registry.Error{Kind: registry.NotAnImage, Repository: repository.String()}
	}
	return image, nil
}

func (s *script) Digest(_ context.Context, repository Repository, tag string, _ Credential) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if digest, ok := s.digests[tag]; ok || s.err != nil {
		return digest, s.err
	}
	return "", &registry.Error{Kind: registry.NotFound, Repository: repository.String()}
}
