package registry

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// traced notes the requests that a client is told of.
type traced struct {
	mu       sync.Mutex
	requests []Request
}

func (n *traced) option(o *Options) {
	o.Trace = func(r Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.requests = append(n.requests, r)
	}
}

func (n *traced) since() []Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	requests := n.requests
	n.requests = nil
	return requests
}

func TestTraceTellsEachRequest(t *testing.T) {
	now := newClock()
	service := &tokens{expires: 300}
	registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		now.Advance(2 * time.Second)
		w.Header().Set("X-Text", "hostile")
		twoTags(w, r)
	}})))
	var told traced
	c := client(t, at(now), told.option)
	if _, err := list(t, c, registry.repository("a"), auth.Basic("user", "secret")); err != nil {
		t.Fatal(err)
	}
	base := registry.URL
	want := []Request{
		{Method: "GET", URL: base + "/v2/", Status: 401},
		{Method: "GET", URL: base + "/token?scope=repository:a:pull&service=test", Credential: "Basic", Status: 200, Bytes: int64(len(`{"token":"t1","expires_in":300}`))},
		{Method: "GET", URL: base + "/v2/a/tags/list?n=1000", Credential: "Bearer", Status: 200, Duration: 2 * time.Second, Bytes: 37},
	}
	if diff := cmp.Diff(want, told.since()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestTraceTellsFailures(t *testing.T) {
	var fault http.HandlerFunc
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) { fault(w, r) }}))
	var told traced
	now := newClock()
	c := client(t, at(now), told.option)
	for _, step := range []struct {
		name  string
		fault http.HandlerFunc
		want  Request
	}{
		{"a body that breaks off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			says(http.StatusOK, "{")(w, r)
		}, Request{Status: 200, Err: BadAnswer, Bytes: 1}},
		{"a refusal", says(http.StatusNotFound, "no"), Request{Status: 404, Bytes: 2}},
		{"no answer", breaksOff, Request{Err: Unreachable}},
	} {
		fault = step.fault
		_, err := list(t, c, registry.repository("a"), Credential{})
		if err == nil {
			t.Fatalf("%s: no error", step.name)
		}
		requests := told.since()
		step.want.Method, step.want.URL = "GET", registry.URL+"/v2/a/tags/list?n=1000"
		if diff := cmp.Diff(step.want, requests[len(requests)-1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestTraceShowsTheDisguisedStatus(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusForbidden)
	}}))
	var told traced
	_, err := list(t, client(t, at(newClock()), told.option), registry.repository("a"), Credential{})
	wantKind(t, err, RateLimited)
	if requests := told.since(); requests[len(requests)-1].Status != http.StatusForbidden {
		t.Errorf("got %+v, want the status that was sent", requests)
	}
}

func TestTraceTellsNoSecrets(t *testing.T) {
	elsewhere := newFake(t, twoTags)
	service := &tokens{expires: 300}
	registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/secret-key?X-Signature=secret", http.StatusTemporaryRedirect)
	}})))
	for name, credential := range map[string]Credential{
		"basic": auth.Basic("secret-user", "secret-password"), "identity": auth.IdentityToken("secret-token"),
	} {
		var told traced
		if _, err := list(t, client(t, told.option), registry.repository("a"), credential); err != nil {
			t.Fatal(err)
		}
		requests := told.since()
		if text := fmt.Sprintf("%+v", requests); strings.Contains(text, "secret") || strings.Contains(text, service.valid) {
			t.Errorf("%s: told %s", name, text)
		}
		if last := requests[len(requests)-1].URL; last != elsewhere.URL+"/..." {
			t.Errorf("%s: a redirect led to %s", name, last)
		}
	}
}
