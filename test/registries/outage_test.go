package registries

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// eight are images of as many repositories of one registry.
func eight(p *proxy) []string {
	images := make([]string, 8)
	for i := range images {
		images[i] = fmt.Sprintf("%s/team/app-%d:1.0.0", p.host(), i)
	}
	return images
}

// together creates a workload of each image at once, and expects of each the
// same.
func together(t *testing.T, a *admission, images []string, want func(image string) answer) {
	t.Helper()
	var wait sync.WaitGroup
	for _, image := range images {
		wait.Go(func() { check(t, a.create(t, image, "patch"), want(image)) })
	}
	wait.Wait()
}

func keeps(why string) func(string) answer {
	return func(image string) answer { return kept(image, why) }
}

func moves(image string) answer { return moved(image, "1.0.1", "policy patch") }

// A registry that takes requests and never answers is waited for once, and then
// again by one in its time: each admission would wait until its end otherwise.
func TestDeadRegistryIsWaitedForOnce(t *testing.T) {
	backend := distribution(t, read{})
	for i := range 8 {
		push(t, fmt.Sprintf("%s/team/app-%d", backend, i), []string{"1.0.0", "1.0.1"})
	}
	for name, test := range map[string]struct {
		kind string
		back map[string]int // what the first who comes then asks
	}{
		"where nothing is known of it": {ping, map[string]int{ping: 1, list: 1}},
		"where it was there before":    {list, map[string]int{list: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			p, now := newProxy(t, backend), newClock()
			o := timed(now)
			o.HeaderTimeout = 200 * time.Millisecond
			a := newAdmission(t, o)
			images := eight(p)
			if test.kind == list {
				other := p.host() + "/team/none:1.0.0"
				check(t, a.create(t, other, "patch"), kept(other, refused))
			}
			p.since()

			p.breaks(test.kind, hangs)
			check(t, a.create(t, images[0], "patch"), kept(images[0], late))
			checkRequests(t, p, map[string]int{test.kind: 1})

			together(t, a, images, func(image string) answer {
				if image == images[0] {
					return kept(image, late) // its own failure, a moment ago
				}
				return kept(image, unreachable)
			})
			checkRequests(t, p, map[string]int{})

			// After a while one asks for all: those who come meanwhile do not wait.
			now.Step(10 * time.Second)
			check(t, a.create(t, images[1], "patch"), kept(images[1], late))
			checkRequests(t, p, map[string]int{test.kind: 1})
			together(t, a, images[2:], keeps(unreachable))
			checkRequests(t, p, map[string]int{})

			p.breaks(test.kind, nil)
			now.Step(time.Minute)
			check(t, a.create(t, images[2], "patch"), moves(images[2]))
			checkRequests(t, p, test.back)
			together(t, a, append(images[:2:2], images[3:]...), moves)
			checkRequests(t, p, map[string]int{list: 7})
		})
	}
}

// Eight that come where nothing is known of a registry share its ping, which
// goes on when they have no more time.
func TestPingOfADeadRegistryIsShared(t *testing.T) {
	p := newProxy(t, "")
	p.breaks(ping, hangs)
	a := newAdmission(t, timed(newClock()))
	a.patience = 300 * time.Millisecond
	together(t, a, eight(p), keeps(late))
	together(t, a, eight(p), keeps(late))
	checkRequests(t, p, map[string]int{ping: 1})
}

// A pause that a registry asks for at one repository is one for all of them, and
// for no other host.
func TestPauseIsTheHosts(t *testing.T) {
	backend := distribution(t, read{})
	for _, repository := range []string{"busy", "calm", "known"} {
		push(t, backend+"/team/"+repository, []string{"1.0.0", "1.0.1"})
	}
	for name, fault := range map[string]http.HandlerFunc{
		"429 with Retry-After":               headed("Retry-After", "120", says(429, "text/plain", "Too Many Requests")),
		"403 with Retry-After":               headed("Retry-After", "120", says(403, "application/json", accusation)),
		"503 with Retry-After":               headed("Retry-After", "120", says(503, "text/html", maintenance)),
		"200, and no more requests are left": headed("RateLimit-Remaining", "0", headed("RateLimit-Reset", "120", lists(`"1.0.0","1.0.1"`))),
	} {
		t.Run(name, func(t *testing.T) {
			p, other, now := newProxy(t, backend), newProxy(t, backend), newClock()
			a := newAdmission(t, timed(now))
			busy, calm, known := p.host()+"/team/busy:1.0.0", p.host()+"/team/calm:1.0.0", p.host()+"/team/known:1.0.0"
			check(t, a.create(t, known, "patch"), moves(known))
			now.Step(time.Minute)
			p.since()

			p.breaks(list, fault)
			a.create(t, busy, "patch")
			p.breaks(list, nil)
			checkRequests(t, p, map[string]int{list: 1})
			check(t, a.create(t, calm, "patch"), kept(calm, pause))
			check(t, a.create(t, known, "patch"), moves(known).warned(stale+"registry asks for a pause"))
			checkRequests(t, p, map[string]int{})
			elsewhere := other.host() + "/team/calm:1.0.0"
			check(t, a.create(t, elsewhere, "patch"), moves(elsewhere))

			now.Step(119 * time.Second)
			check(t, a.create(t, calm, "patch"), kept(calm, pause))
			checkRequests(t, p, map[string]int{})
			now.Step(time.Minute) // the pause is over, and that after the last failure
			for _, image := range []string{busy, calm, known} {
				check(t, a.create(t, image, "patch"), moves(image))
			}
			checkRequests(t, p, map[string]int{list: 3})
		})
	}
}

// A new process knows of no pause: it is told so at its first request, and asks
// no more.
func TestPauseAfterARestart(t *testing.T) {
	p := newProxy(t, "")
	p.breaks(ping, headed("Retry-After", "120", says(429, "text/plain", "Too Many Requests")))
	a := newAdmission(t, registry.Options{Private: []string{"127.0.0.1"}})
	for _, image := range eight(p) {
		check(t, a.create(t, image, "patch"), kept(image, pause))
	}
	checkRequests(t, p, map[string]int{ping: 1})
}
