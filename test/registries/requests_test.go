package registries

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// fleet is ten repositories of one tenant.
func fleet() []string {
	repositories := make([]string, 10)
	for i := range repositories {
		repositories[i] = fmt.Sprintf("alice/app-%d", i)
	}
	return repositories
}

// cold is what ten repositories cost: a list and a token for each, and one ping.
func cold() map[string]int { return map[string]int{ping: 1, token: 10, list: 10} }

func TestRequestsOfAdmissions(t *testing.T) {
	repositories := fleet()
	p, service := tokenRegistry(t, repositories...)
	now, alice := newClock(), auth.Basic("alice", passwords("alice"))
	// all is how often a thousand workloads that are created at once, on the ten
	// repositories, have the registry asked.
	all := func(t *testing.T, a *admission) map[string]int {
		t.Helper()
		var wait sync.WaitGroup
		for i := range 1000 {
			wait.Go(func() {
				image := p.host() + "/" + repositories[i%len(repositories)] + ":1.0.0"
				check(t, a.create(t, image, "patch"), moved(image, "1.0.1", "policy patch"))
			})
		}
		wait.Wait()
		return p.since()
	}
	a := newAdmission(t, timed(now), alice)
	for _, step := range []struct {
		name  string
		after time.Duration
		fresh bool // a new process
		want  map[string]int
	}{
		{"where nothing is known", 0, false, cold()},
		{"where all is known", 0, false, map[string]int{}},
		{"where all is known for a while", 59 * time.Second, false, map[string]int{}},
		{"where lists are old", time.Second, false, map[string]int{list: 10}},
		{"where tokens are old, too", 4 * time.Minute, false, map[string]int{list: 10, token: 10}},
		{"after a restart", 0, true, cold()},
	} {
		t.Run(step.name, func(t *testing.T) {
			now.Step(step.after)
			if step.fresh {
				a = newAdmission(t, timed(now), alice)
			}
			if diff := cmp.Diff(step.want, all(t, a)); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
	for key, n := range service.since() {
		if n != 3 { // at first, when it was old, and after the restart
			t.Errorf("%d tokens for %s, want 3", n, key)
		}
	}
}

// A poll gives all its queries the moment at which it began: a thousand
// workloads on ten repositories are ten lists, and a second poll ten more.
func TestRequestsOfPolls(t *testing.T) {
	repositories := fleet()
	p, _ := tokenRegistry(t, repositories...)
	now := newClock()
	a := newAdmission(t, timed(now))
	patch, err := policy.Parse(policy.Spec{Name: "patch"})
	if err != nil {
		t.Fatal(err)
	}
	poll := func(t *testing.T, repository string) {
		t.Helper()
		since := now.Now()
		for i := range 100 {
			tag := fmt.Sprintf("1.0.%d", i%2)
			asked, err := resolver.ParseRepository(p.host() + "/" + repository)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.resolver.Resolve(t.Context(), resolver.Query{
				Repository: asked, Tag: tag, Policy: patch, Want: []string{tag}, Since: since,
				Credentials: own{auth.Basic("alice", passwords("alice"))},
			})
			if err != nil || got.Tag != "1.0.1" || got.Stale {
				t.Errorf("%s:%s: got %+v, %v", repository, tag, got, err)
			}
		}
	}
	for _, step := range []struct {
		name  string
		after time.Duration
		want  map[string]int
	}{
		{"the first", 0, cold()},
		{"one that comes at once, as after a push", time.Second, map[string]int{list: 10}},
		{"one in time", time.Minute, map[string]int{list: 10}},
	} {
		t.Run(step.name, func(t *testing.T) {
			now.Step(step.after)
			var wait sync.WaitGroup
			for _, repository := range repositories {
				wait.Go(func() { poll(t, repository) })
			}
			wait.Wait()
			checkRequests(t, p, step.want)
		})
	}
}

// force and pins ask for a digest: one HEAD, which is no pull anywhere.
func TestRequestsForDigests(t *testing.T) {
	p, _ := tokenRegistry(t, "alice/app")
	now := newClock()
	a := newAdmission(t, timed(now), auth.Basic("alice", passwords("alice")))
	first, second := p.host()+"/alice/app:1.0.0", p.host()+"/alice/app:1.0.1"
	known := digestOf(t, second, as("alice", passwords("alice")))
	p.since()
	type asked = map[string]int
	for _, step := range []struct {
		name   string
		after  time.Duration
		image  string
		policy string
		more   string // an annotation and its value
		want   answer
		asked  asked
	}{
		{"force", 0, second, "force", "garboard.dev/matchTag true", pinned(second, "1.0.1", known, "policy force"), asked{ping: 1, token: 1, digest: 1}},
		{"force again", 59 * time.Second, second, "force", "garboard.dev/matchTag true", pinned(second, "1.0.1", known, "policy force"), asked{}},
		{"a pin, whose digest is known", 0, first, "patch", "garboard.dev/pin digest", pinned(first, "1.0.1", known, "policy patch"), asked{list: 1}},
		{"force later", time.Second, second, "force", "garboard.dev/matchTag true", pinned(second, "1.0.1", known, "policy force"), asked{digest: 1}},
		{"nothing to resolve", 0, second, "never", "", answer{Image: second}, asked{}},
	} {
		t.Run(step.name, func(t *testing.T) {
			now.Step(step.after)
			key, value, _ := strings.Cut(step.more, " ")
			check(t, a.create(t, step.image, step.policy, key, value), step.want)
			checkRequests(t, p, step.asked)
		})
	}
}
