package pullsecret_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/resolver"
)

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "regcred",
		errors.New(`User "system:serviceaccount:garboard:garboard-webhook" cannot get it`))
}

// named parses the name of a repository.
func named(text string) resolver.Repository {
	parsed, err := resolver.ParseRepository(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

// regcred is what most tests ask for.
func regcred() pullsecret.Workload {
	return pullsecret.Workload{Namespace: shop, PullSecrets: []string{"regcred"}}
}

// seen is what a Finder says now: users, or the kinds of errors.
func seen(t *testing.T, finder *pullsecret.Finder, w pullsecret.Workload) string {
	t.Helper()
	found, err := finder.For(w).For(t.Context(), named("ghcr.io/org/app"))
	if err != nil {
		return strings.Join(kinds(t, err), ",")
	}
	var names []string
	for _, name := range users(found, "a", "b") {
		user, _, _ := strings.Cut(name, " ")
		names = append(names, user)
	}
	synctest.Wait() // for the watch to begin
	return strings.Join(names, ",")
}

func with(user string) *corev1.Secret {
	return secret("regcred", map[string]any{"ghcr.io": login(user)})
}

// step is one moment in the life of an object.
type step struct {
	what          string
	do            func(c *cluster)
	after         time.Duration
	want          string
	gets, watches int // since the step before
}

const gone = "Missing Secret regcred"

func tooOld() *metav1.Status {
	return &metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired}
}

func TestLifeOfAnObject(t *testing.T) {
	const path = "secrets/shop/regcred"
	change := func(user string) func(*cluster) {
		return func(c *cluster) { c.put(with(user)); c.watches[path].Modify(with(user)) }
	}
	tests := map[string][]step{
		"a watch answers with no request": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "known", want: "a"},
			{what: "later", after: 20 * time.Minute, want: "a"},
			{what: "much later, in use all the time", after: 20 * time.Minute, want: "a"},
			{what: "changed", do: change("b"), want: "b"},
			{what: "deleted", do: func(c *cluster) { c.watches[path].Delete(with("b")) }, want: gone},
			{what: "still deleted, and watched", after: 10 * time.Minute, want: gone},
			{what: "created anew", do: func(c *cluster) { c.watches[path].Add(with("a")) }, want: "a"},
			{what: "broken", do: func(c *cluster) { c.watches[path].Modify(dockerConfig("regcred", "{")) }, want: "Unreadable Secret regcred"},
			{what: "put right", do: change("b"), want: "b"},
		},
		"where a watch ends the object is read again after half a minute": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "ended", do: func(c *cluster) { c.put(with("b")); c.watches[path].Stop() }, after: 29 * time.Second, want: "a"},
			{what: "read again", after: time.Second, want: "b", gets: 1, watches: 1},
			{what: "watched again", do: change("a"), want: "a"},
		},
		"so it is where a watch fails": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "failed", do: func(c *cluster) {
				c.put(with("b"))
				c.watches[path].Error(&metav1.Status{Status: metav1.StatusFailure, Code: 500, Reason: metav1.StatusReasonInternalError})
			}, after: 29 * time.Second, want: "a"},
			{what: "read again", after: time.Second, want: "b", gets: 1, watches: 1},
		},
		"where the version is too old to watch from, the watch begins with what is there": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "too old", do: func(c *cluster) { c.watches[path].Error(tooOld()) }, want: "a", watches: 1},
			{what: "what is there", do: func(c *cluster) { c.watches[path].Add(with("a")) }, after: 20 * time.Minute, want: "a"},
			{what: "changed", do: change("b"), want: "b"},
			{what: "deleted", do: func(c *cluster) { c.watches[path].Delete(with("b")) }, want: gone},
		},
		"where nothing is there any more then, that is read after half a minute": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "too old, and deleted", do: func(c *cluster) { clear(c.objects); c.watches[path].Error(tooOld()) }, after: 29 * time.Second, want: "a", watches: 1},
			{what: "read again", after: time.Second, want: gone, gets: 1},
		},
		"where that is refused as well the object is read again after half a minute": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "too old", do: func(c *cluster) { c.watches[path].Error(tooOld()) }, want: "a", watches: 1},
			{what: "too old again", do: func(c *cluster) { c.put(with("b")); c.watches[path].Error(tooOld()) }, after: 29 * time.Second, want: "a"},
			{what: "read again", after: time.Second, want: "b", gets: 1, watches: 1},
		},
		"where watching is forbidden the object is read every half minute": {
			{what: "read", do: func(c *cluster) { c.watchErr = forbidden() }, want: "a", gets: 1, watches: 1},
			{what: "known", do: func(c *cluster) { c.put(with("b")) }, after: 29 * time.Second, want: "a"},
			{what: "read again", after: time.Second, want: "b", gets: 1, watches: 1},
		},
		"what was missing is soon looked for again": {
			{what: "missing", do: func(c *cluster) { clear(c.objects) }, want: gone, gets: 1},
			{what: "created", do: func(c *cluster) { c.put(with("a")) }, after: 4 * time.Second, want: gone},
			{what: "found", after: time.Second, want: "a", gets: 1, watches: 1},
		},
		"what is forbidden is asked for again after half a minute": {
			{what: "forbidden", do: func(c *cluster) { c.getErr = forbidden() }, want: "Forbidden Secret regcred", gets: 1},
			{what: "allowed", do: func(c *cluster) { c.getErr = nil }, after: 29 * time.Second, want: "Forbidden Secret regcred"},
			{what: "read", after: time.Second, want: "a", gets: 1, watches: 1},
		},
		"an API server that is away is soon asked again": {
			{what: "away", do: func(c *cluster) { c.getErr = errors.New("dial tcp 10.0.0.1:443: refused") }, want: "Unavailable Secret regcred", gets: 1},
			{what: "back", do: func(c *cluster) { c.getErr = nil }, after: 4 * time.Second, want: "Unavailable Secret regcred"},
			{what: "read", after: time.Second, want: "a", gets: 1, watches: 1},
		},
		"what nobody used for half an hour is forgotten": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "used", after: 29 * time.Minute, want: "a"},
			{what: "unused", after: 31 * time.Minute, want: "a", gets: 1, watches: 1},
		},
		"what is not what was asked for ends the watch": {
			{what: "read", want: "a", gets: 1, watches: 1},
			{what: "another", do: func(c *cluster) {
				c.watches[path].Modify(secret("another", map[string]any{"ghcr.io": login("b")}))
			}, want: "a"},
			{what: "read again", after: 30 * time.Second, want: "a", gets: 1, watches: 1},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(with("a"))
			bubble(t, c, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
				for _, s := range steps {
					c.reset()
					before := len(c.starts)
					if s.do != nil {
						s.do(c)
					}
					pass(s.after)
					if got := seen(t, finder, regcred()); got != s.want {
						t.Errorf("%s: got %q, want %q", s.what, got, s.want)
					}
					if gets, watches := c.count("get"), c.count("watch"); gets != s.gets || watches != s.watches {
						t.Errorf("%s: got %d GETs and %d watches, want %d and %d", s.what, gets, watches, s.gets, s.watches)
					}
					start := "" // what is there
					if s.gets > 0 {
						start = "7" // what was read
					}
					for i := before; i < len(c.starts); i++ {
						if c.selectors[i] != "metadata.name=regcred" || c.starts[i] != start {
							t.Errorf("%s: got a watch of %q from %q, want it from %q", s.what, c.selectors[i], c.starts[i], start)
						}
					}
				}
			})
		})
	}
}

func TestServiceAccountsAreFollowedToo(t *testing.T) {
	c := newCluster(account("default", "regcred"), with("a"), secret("second", map[string]any{"ghcr.io": login("b")}))
	bubble(t, c, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
		w := pullsecret.Workload{Namespace: shop}
		if got := seen(t, finder, w); got != "a" || c.count("get") != 2 || c.count("watch") != 2 {
			t.Errorf("got %q with %d GETs and %d watches", got, c.count("get"), c.count("watch"))
		}
		c.watches["serviceaccounts/shop/default"].Modify(account("default", "second", "regcred"))
		synctest.Wait()
		if got := seen(t, finder, w); got != "b,a" || c.count("get") != 3 {
			t.Errorf("changed: got %q with %d GETs", got, c.count("get"))
		}
	})
}

func TestWithoutStartObjectsAreReadEveryHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(with("a"))
		finder := pullsecret.New(pullsecret.Options{Client: c})
		for i, after := range []time.Duration{0, 29 * time.Second, time.Second} {
			pass(after)
			if got := seen(t, finder, regcred()); got != "a" {
				t.Errorf("call %d: got %q", i, got)
			}
		}
		if c.count("get") != 2 || c.count("watch") != 0 {
			t.Errorf("got %d GETs and %d watches, want 2 and none", c.count("get"), c.count("watch"))
		}
	})
}

func TestStartEndsWithItsWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(with("a"))
		finder := pullsecret.New(pullsecret.Options{Client: c})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { _ = finder.Start(ctx); close(ended) }()
		synctest.Wait()
		seen(t, finder, regcred())
		cancel()
		<-ended
		if !c.watches["secrets/shop/regcred"].IsStopped() {
			t.Error("the watch goes on")
		}
		pass(31 * time.Second)
		if got := seen(t, finder, regcred()); got != "a" || c.count("get") != 2 || c.count("watch") != 1 {
			t.Errorf("got %q with %d GETs and %d watches, want a with 2 and 1", got, c.count("get"), c.count("watch"))
		}
	})
}

func TestWatchesOfWhatNobodyAsksForEnd(t *testing.T) {
	c := newCluster(with("a"))
	bubble(t, c, pullsecret.Options{}, func(t *testing.T, finder *pullsecret.Finder) {
		seen(t, finder, regcred())
		pass(32 * time.Minute)
		if !c.watches["secrets/shop/regcred"].IsStopped() {
			t.Error("the watch goes on")
		}
	})
}
