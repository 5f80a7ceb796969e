package registry

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Five repositories that dripped a byte at a time held all turns of a host that
// others share.
func TestBodyThatDripsIsBrokenOff(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, `{"tags":[`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"/v2/b/tags/list": twoTags,
	}))
	c := client(t, func(o *Options) { o.BodyTimeout, o.Concurrency = 20*time.Millisecond, 1 })
	_, err := list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, Timeout)
	if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// longList is a list that takes a turn to read.
var longList = `{"tags":["` + strings.Repeat(strings.Repeat("x", 100)+`","`, 2*smallAnswer/100) + `1.0.0"]}`

// stops is a long list of which the end does not come before it is let go.
type stops struct{ begun, end chan struct{} }

func newStops(t *testing.T) *stops {
	t.Helper()
	s := &stops{make(chan struct{}, 8), make(chan struct{})}
	t.Cleanup(s.letGo)
	return s
}

func (s *stops) letGo() {
	select {
	case <-s.end:
	default:
		close(s.end)
	}
}

func (s *stops) serve(w http.ResponseWriter, r *http.Request) {
	half := len(longList) / 4 * 3
	_, _ = fmt.Fprint(w, longList[:half])
	w.(http.Flusher).Flush()
	s.begun <- struct{}{}
	select {
	case <-s.end:
	case <-r.Context().Done():
	}
	_, _ = fmt.Fprint(w, longList[half:])
}

// taken returns once a client has given so many turns away.
func taken(t *testing.T, c *Client, count int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		c.turns.mu.Lock()
		now := c.turns.count
		c.turns.mu.Unlock()
		if now == count {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d turns are taken, want %d", now, count)
		}
	}
}

// The long list of a registry that stops half way kept all other long lists out, with one more
// like it; what waited for a turn held the places of its own registry meanwhile.
func TestLongListsTakeTurns(t *testing.T) {
	stopped := newStops(t)
	slow := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/long/tags/list": stopped.serve, "/v2/other/tags/list": says(http.StatusOK, longList), "/v2/short/tags/list": twoTags,
	}))
	good := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/long/tags/list": says(http.StatusOK, longList), "/v2/a/manifests/": says(http.StatusOK, longList),
	}))
	c := client(t, func(o *Options) { o.Concurrency = 2 })
	first := goList(t, c, slow.repository("long"))
	<-stopped.begun
	taken(t, c, 1)
	for range 3 { // each gives its turn back
		if tags, err := list(t, c, good.repository("long"), Credential{}); err != nil || len(tags) != 2 {
			t.Fatalf("a long list of another registry: %d tags and %v", len(tags), err)
		}
	}
	waits := goList(t, c, slow.repository("other"))
	if _, err := list(t, c, slow.repository("short"), Credential{}); err != nil {
		t.Errorf("a short list of the registry whose long ones wait: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.Tags(ctx, named(slow.repository("other")), Credential{})
	wantKind(t, err, Timeout)
	stopped.letGo()
	for name, read := range map[string]<-chan error{"the first": first, "the one that waited": waits} {
		if err := <-read; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	taken(t, c, 0)
}

// Whoever has one name has as many hosts below it as he likes.
func TestLongAnswersForOneOwnerTakeTurns(t *testing.T) {
	stopped, digest := newStops(t), sha256Of(longList)
	hostile := func() *fake {
		return newFake(t, open(map[string]http.HandlerFunc{"/v2/long/tags/list": stopped.serve, "/v2/long/manifests/": says(http.StatusOK, longList)}))
	}
	good := newFake(t, open(map[string]http.HandlerFunc{"/v2/long/tags/list": says(http.StatusOK, longList)}))
	c := client(t)
	evil := WithAsker(t.Context(), NewAsker("evil"))
	first := make(chan error, 1)
	go func() {
		_, err := c.Tags(evil, named(hostile().repository("long")), Credential{})
		first <- err
	}()
	<-stopped.begun
	taken(t, c, 1)

	soon, cancel := context.WithTimeout(evil, 200*time.Millisecond)
	defer cancel()
	_, err := c.Tags(soon, named(hostile().repository("long")), Credential{})
	wantKind(t, err, Timeout)
	_, err = c.Image(soon, named(hostile().repository("long")), digest, Credential{}, false)
	wantKind(t, err, Timeout)
	if _, err := c.Tags(WithAsker(t.Context(), NewAsker("good")), named(good.repository("long")), Credential{}); err != nil {
		t.Errorf("a long list for another owner: %v", err)
	}
	both, shared := NewAsker("evil"), make(chan error, 1)
	go func() {
		_, err := c.Tags(WithAsker(t.Context(), both), named(good.repository("long")), Credential{})
		shared <- err
	}()
	both.Join("evil")
	both.Join("good")
	if err := <-shared; err != nil {
		t.Errorf("one that another owner wants, too: %v", err)
	}
	stopped.letGo()
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	taken(t, c, 0)
}

func TestImageOfManyPlatformsIsNotKept(t *testing.T) {
	var children []string
	for i := range maxPlatforms + 1 {
		children = append(children, fmt.Sprintf(
			`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%064x","size":1,"platform":{"os":"linux","architecture":"a%d"}}`, i, i))
	}
	body := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` + strings.Join(children, ",") + `]}`
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/": says(http.StatusOK, body)}))
	_, err := client(t).Image(t.Context(), named(registry.repository("a")), sha256Of(body), Credential{}, false)
	wantKind(t, err, TooLarge)
}
