package registries

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelson-dev/keelson/resolver"
	"github.com/keelson-dev/keelson/resolver/policy"
	"github.com/keelson-dev/keelson/resolver/registry"
)

// crowd is a thousand workloads of ten repositories, which a user may read.
type crowd struct {
	host    string
	queries []resolver.Query
}

func newCrowd(t *testing.T, host, user string) crowd {
	t.Helper()
	patch, err := policy.Parse(policy.Spec{Name: "patch"})
	if err != nil {
		t.Fatal(err)
	}
	c := crowd{host: host}
	for i := range 1000 {
		c.queries = append(c.queries, resolver.Query{
			Repository: fmt.Sprintf("%s/%s/app-%d", host, user, i%10), Tag: "1.0.0", Policy: patch,
			Credentials: some{registry.Basic(user, passwords(user))},
		})
	}
	return c
}

// ask resolves all at once, and wants the newer tag of each.
func (c crowd) ask(t *testing.T, r *resolver.Resolver, since time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wait sync.WaitGroup
	for _, q := range c.queries {
		q.Since = since
		wait.Go(func() {
			if got, err := r.Resolve(ctx, q); err != nil || got.Tag != "1.0.1" {
				t.Errorf("%s: got %s and %v", q.Repository, got.Tag, err)
			}
		})
	}
	wait.Wait()
}

// What a thousand workloads of ten repositories cost a registry that wants
// tokens: a list a repository and interval, however many they are.
func TestRequestsOfAThousandWorkloads(t *testing.T) {
	p, service := tokenRegistry(t, time.Hour)
	crowd := newCrowd(t, p.host(), "alice")
	for i := range 10 {
		push(t, fmt.Sprintf("%s/alice/app-%d", p.host(), i), []string{"1.0.0", "1.0.1"}, as("pusher", passwords("pusher")))
	}
	now := &clock{now: time.Now()}
	start := func() *resolver.Resolver {
		o := reachable()
		o.Now = now.Now
		client, err := registry.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return resolver.New(client, resolver.Options{Now: now.Now})
	}
	r := start()
	p.since()
	service.since()
	for _, step := range []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"cold admissions, all at once", func() { crowd.ask(t, r, time.Time{}) }, map[string]int{"ping": 1, "token": 10, "list": 10}},
		{"warm admissions", func() { crowd.ask(t, r, time.Time{}) }, map[string]int{}},
		{"a poll", func() { now.advance(time.Second); crowd.ask(t, r, now.Now()) }, map[string]int{"list": 10}},
		{"the next poll", func() { now.advance(10 * time.Minute); crowd.ask(t, r, now.Now()) }, map[string]int{"list": 10}},
		{"after a restart", func() { r = start(); crowd.ask(t, r, now.Now()) }, map[string]int{"ping": 1, "token": 10, "list": 10}},
	} {
		step.do()
		if diff := cmp.Diff(step.want, p.since()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		for scope, issued := range service.since() {
			if issued != 1 {
				t.Errorf("%s: %d tokens for %q, want one", step.name, issued, scope)
			}
		}
	}
}

func TestDigestCheckIsOneRequest(t *testing.T) {
	address, _ := distribution(t, settings{})
	push(t, address+"/team/app", []string{"latest"})
	p := newProxy(t, address)
	now := &clock{now: time.Now()}
	o := reachable()
	o.Now = now.Now
	a := admissionOf(t, o, resolver.Options{Now: now.Now}, nil)
	image := p.host() + "/team/app:latest"
	first, _ := a.create(t, image, "force")
	if !strings.HasPrefix(first, image+"@sha256:") {
		t.Fatalf("stored %s", first)
	}
	p.since()
	a.create(t, image, "force")
	if diff := cmp.Diff(map[string]int{}, p.since()); diff != "" {
		t.Errorf("within a minute (-want +got):\n%s", diff)
	}
	now.advance(time.Minute)
	a.create(t, image, "force")
	if diff := cmp.Diff(map[string]int{"digest": 1}, p.since()); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
}

// A limited registry is asked again when it said so, whichever repository it
// spoke of; others go on.
func TestPauseIsTheHosts(t *testing.T) {
	address, _ := distribution(t, settings{})
	for _, path := range []string{"/team/a", "/team/b"} {
		push(t, address+path, []string{"1.0.0", "1.0.1"})
	}
	limited, other := newProxy(t, address), newProxy(t, address)
	now := &clock{now: time.Now()}
	o := reachable()
	o.Now = now.Now
	a := admissionOf(t, o, resolver.Options{Now: now.Now}, nil)
	limited.breaks(headed("Retry-After", "300", says(http.StatusTooManyRequests, "text/plain", "")))
	pause := "web: kept at 1.0.0: registry asks for a pause"

	stored, warnings := a.create(t, limited.host()+"/team/a:1.0.0", "patch")
	wantStored(t, stored, limited.host()+"/team/a:1.0.0", warnings, pause)
	limited.since()
	limited.breaks(nil)
	stored, warnings = a.create(t, limited.host()+"/team/b:1.0.0", "patch")
	wantStored(t, stored, limited.host()+"/team/b:1.0.0", warnings, pause)
	if diff := cmp.Diff(map[string]int{}, limited.since()); diff != "" {
		t.Errorf("during the pause (-want +got):\n%s", diff)
	}
	stored, warnings = a.create(t, other.host()+"/team/b:1.0.0", "patch")
	wantStored(t, stored, other.host()+"/team/b:1.0.1", warnings, "")

	now.advance(300 * time.Second)
	for _, path := range []string{"/team/a", "/team/b"} {
		stored, warnings = a.create(t, limited.host()+path+":1.0.0", "patch")
		wantStored(t, stored, limited.host()+path+":1.0.1", warnings, "")
	}
}

// A registry that does not answer is waited for once: those who come after the
// first gave up do not even ask.
func TestDeadRegistryIsWaitedForOnce(t *testing.T) {
	address, _ := distribution(t, settings{})
	p := newProxy(t, address)
	t.Cleanup(p.CloseClientConnections)
	var asked atomic.Int64
	p.breaksAt("ping", func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-r.Context().Done()
	})
	o := reachable()
	o.HeaderTimeout, o.HandshakeTimeout = time.Second, time.Second
	a := admissionOf(t, o, resolver.Options{}, nil)
	a.patience = 2 * time.Second
	for i := range 8 {
		a.create(t, fmt.Sprintf("%s/team/app-%d:1.0.0", p.host(), i), "patch")
	}
	if got := asked.Load(); got != 1 {
		t.Errorf("it was asked %d times by eight admissions, want once", got)
	}
}
