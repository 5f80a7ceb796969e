package pullsecret_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
)

func TestObjectsAreBounded(t *testing.T) {
	named := func(i int) pullsecret.Workload {
		return pullsecret.Workload{Namespace: shop, PullSecrets: []string{fmt.Sprint("s", i)}}
	}
	tests := map[string]struct {
		password int // length
		options  pullsecret.Options
		kept     int
	}{
		"in number": {10, pullsecret.Options{MaxObjects: 3}, 3},
		"in bytes":  {10_000, pullsecret.Options{MaxBytes: 50_000}, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			bubble(t, c, test.options, func(t *testing.T, finder *pullsecret.Finder) {
				for i := range test.kept + 2 {
					c.put(secret(fmt.Sprint("s", i), map[string]any{"ghcr.io": map[string]any{
						"username": "a", "password": strings.Repeat("x", test.password),
					}}))
					seen(t, finder, named(i))
					pass(time.Millisecond)
				}
				open := 0
				for _, w := range c.watches {
					if !w.IsStopped() {
						open++
					}
				}
				if open != test.kept {
					t.Errorf("got %d watches, want %d", open, test.kept)
				}
				c.reset()
				seen(t, finder, named(test.kept+1))
				seen(t, finder, named(2))
				if n := c.count("get"); n > 0 {
					t.Errorf("got %d GETs for what was used lately, want none", n)
				}
				seen(t, finder, named(0))
				if n := c.count("get"); n != 1 {
					t.Errorf("got %d GETs for what was used longest ago, want one", n)
				}
			})
		})
	}
}

func TestConcurrentReadsShareOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, gate := newCluster(with("a")), make(chan struct{})
		c.beforeGet = func() { <-gate }
		finder := pullsecret.New(pullsecret.Options{Client: c})
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if got := onlyUser(t, finder); got != "a" {
					t.Errorf("got %q, want a", got)
				}
			})
		}
		synctest.Wait()

		// One of them leaves, and with it goes neither the read nor its answer.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := finder.For(regcred()).For(ctx, named("ghcr.io/org/app"))
		if diff := cmp.Diff([]string{"Unavailable Secret regcred"}, kinds(t, err)); diff != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, errors (-want +got):\n%s", err, diff)
		}
		close(gate)
		callers.Wait()
		if n := c.count("get"); n != 1 {
			t.Errorf("got %d GETs, want one", n)
		}
	})
}

func onlyUser(t *testing.T, finder *pullsecret.Finder) string {
	t.Helper()
	found, err := finder.For(regcred()).For(t.Context(), named("ghcr.io/org/app"))
	if err != nil || len(found) != 1 {
		return fmt.Sprint(len(found), " ", err)
	}
	user, _, _ := strings.Cut(users(found, "a")[0], " ")
	return user
}

// slow answers no GET before its context ends.
type slow struct{ corev1client.CoreV1Interface }

type slowSecrets struct{ corev1client.SecretInterface }

func (slow) Secrets(string) corev1client.SecretInterface { return slowSecrets{} }

func (slowSecrets) Get(ctx context.Context, _ string, _ metav1.GetOptions) (*corev1.Secret, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAReadEndsAfterThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finder, begun := pullsecret.New(pullsecret.Options{Client: slow{}}), time.Now()
		if got := seen(t, finder, regcred()); got != "Unavailable Secret regcred" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
	})
}
