package registries

import (
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// One process serves all tenants of a cluster. Of a repository that one of them
// may read, the others learn nothing, however they meet: not from a list, a
// digest or a token that is kept, nor from a request that others wait for.
func TestTenantsDoNotShareAnswers(t *testing.T) {
	p, service := tokenRegistry(t, "alice/app")
	image, follows := p.host()+"/alice/app:1.0.0", p.host()+"/alice/app:1.0.1"
	secret := digestOf(t, follows, as("alice", passwords("alice")))
	service.since()

	alice, bob := auth.Basic("alice", passwords("alice")), auth.Basic("bob", passwords("bob"))
	now := newClock()
	a := newAdmissionFor(t, timed(now), tenants{"alice": {alice}, "bob": {bob}, "both": {bob, alice}})
	type answers struct{ list, digest answer }
	may := answers{moved(image, "1.0.1", "policy patch"), pinned(follows, "1.0.1", secret, "policy force")}
	mayNot := answers{kept(image, refused), kept(follows, "kept at 1.0.1: not found, or the credentials may not read it")}

	// At first all meet where nothing is known, then where alice's answers are
	// there and bob's refusals, and then where these are to be read again.
	for round, after := range []time.Duration{0, 0, time.Minute} {
		now.Step(after)
		var wait sync.WaitGroup
		for range 16 {
			for namespace, want := range map[string]answers{"alice": may, "both": may, "bob": mayNot, "nobody": mayNot} {
				wait.Go(func() { check(t, a.createIn(t, namespace, image, "patch"), want.list) })
				wait.Go(func() {
					check(t, a.createIn(t, namespace, follows, "force", "garboard.dev/matchTag", "true"), want.digest)
				})
			}
		}
		wait.Wait()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}

	if got := service.since()["alice repository:alice/app:pull"]; got != 1 {
		t.Errorf("%d tokens for alice, want one for all who may", got)
	}
}
