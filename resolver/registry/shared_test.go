package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
)

// With go-containerregistry the five each fetched a token.
func TestExpiredTokenIsRenewedOnceForAll(t *testing.T) {
	const callers = 5
	service := &tokens{expires: 300, hold: make(chan struct{})}
	arrived := make(chan struct{}, 2*callers)
	service.valid = "old"
	registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})))
	counting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/a/tags/list" {
			arrived <- struct{}{}
		}
		service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})).ServeHTTP(w, r)
	})
	registry.Config.Handler = registry.noting(counting)
	c := client(t)
	close(service.hold)
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Fatal(err)
	}
	<-arrived
	registry.since()
	service.revoke()
	service.mu.Lock()
	service.hold = make(chan struct{})
	service.mu.Unlock()

	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
				t.Error(err)
			}
		})
	}
	for range callers {
		<-arrived // each was refused, or will be, before a token is issued
	}
	close(service.hold)
	group.Wait()

	if got := registry.count("GET /token"); got != 1 {
		t.Errorf("fetched %d tokens, want 1", got)
	}
}

// With go-containerregistry the first caller's deadline failed all who waited
// for the same ping.
func TestFirstCallerLeavesTheSecondGoesOn(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/{$}": func(http.ResponseWriter, *http.Request) {
			close(asked) // a second ping would panic
			<-release
		},
		"/v2/a/tags/list": twoTags,
	}))
	c := client(t)
	first, leave := context.WithCancel(t.Context())
	firstErr, secondErr := make(chan error, 1), make(chan error, 1)

	go func() {
		_, err := c.Tags(first, named(registry.repository("a")), Credential{})
		firstErr <- err
	}()
	<-asked
	go func() {
		_, err := list(t, c, registry.repository("a"), Credential{})
		secondErr <- err
	}()
	leave()
	err := <-firstErr
	wantKind(t, err, Timeout)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error inside", err)
	}
	close(release)
	if err := <-secondErr; err != nil {
		t.Errorf("second caller: %v", err)
	}
}
