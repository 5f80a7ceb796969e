package registries

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/webhook"
)

// gathered holds requests back until as many have come as there are containers: who asks
// for one after the other waits for ever.
func gathered(containers int, next http.Handler) http.HandlerFunc {
	var all sync.WaitGroup
	all.Add(containers)
	return func(w http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait()
		next.ServeHTTP(w, r)
	}
}

// The containers of an object wait for the registry together: a token, a list and a
// manifest take as long for three of them as for one, and each is asked for once.
func TestContainersWaitForTheRegistryTogether(t *testing.T) {
	backend := distribution(t, read{})
	both := built{platforms: []string{"linux/amd64", "linux/arm64"}}
	repositories := []string{"a/one", "a/two", "a/three"}
	for _, repository := range repositories {
		for _, tag := range []string{"1.0.0", "1.0.1"} {
			pushBuilt(t, backend+"/"+repository, tag, both)
		}
	}
	p := newProxy(t, backend)
	p.breaks(ping, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="test"`, p.URL))
		w.WriteHeader(http.StatusUnauthorized)
	})
	for kind, next := range map[string]http.Handler{
		token:   says(http.StatusOK, "application/json", `{"token":"t","expires_in":300}`),
		list:    p,
		content: p,
	} {
		p.breaks(kind, gathered(len(repositories), next))
	}

	a := newAdmission(t, reachable(), auth.Basic("alice", "secret"))
	var containers []string
	for i, repository := range repositories {
		containers = append(containers, fmt.Sprintf(`{"name":"c%d","image":"%s/%s:1.0.0"}`, i, p.host(), repository))
	}
	object := parseDeployment(t, fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment",
		"metadata":{"name":"shop","annotations":{"garboard.dev/policy":"patch","garboard.dev/platforms":"linux/arm64"}},
		"spec":{"template":{"spec":{"containers":[%s]}}}}`, strings.Join(containers, ",")))
	decision := a.decider.Decide(t.Context(), webhook.Input{Object: object, Namespace: workload.Namespace{Name: shop}})
	for i, o := range decision.Outcomes() {
		if want := p.host() + "/" + repositories[i] + ":1.0.1"; o.Image != want {
			t.Errorf("got %s, want %s", o.Image, want)
		}
	}
	if diff := cmp.Diff(map[string]int{ping: 1, token: 3, list: 3, content: 3}, p.since()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
