package registries

import (
	"net/http"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const (
	expired   = `{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}`
	forbidden = "not found, or the credentials may not read it"
)

// A token that a registry refuses is renewed, and the question asked once more.
// A refusal that stays is no reason to go on: accounts get locked.
func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	p, _ := tokenRegistry(t, "alice/app")
	image := p.host() + "/alice/app:1.0.0"
	newest := moved(image, "1.0.1", "policy patch")
	refuses := func(status int) http.HandlerFunc { return says(status, "application/json", expired) }
	for name, test := range map[string]struct {
		fault http.HandlerFunc
		after time.Duration
		want  answer
		asked map[string]int
	}{
		"no refusal, and the token is young":        {nil, time.Minute, newest, map[string]int{list: 1}},
		"no refusal, and the token is near its end": {nil, 4 * time.Minute, newest, map[string]int{token: 1, list: 1}},
		"401 once, as of a registry that forgot":    {once(refuses(401), p), time.Minute, newest, map[string]int{token: 1, list: 2}},
		"403 once, as Amazon has it":                {once(refuses(403), p), time.Minute, newest, map[string]int{token: 1, list: 2}},
		"400 once, as Amazon's public one has it":   {once(refuses(400), p), time.Minute, newest, map[string]int{token: 1, list: 2}},
		"401 for ever": {refuses(401), time.Minute, newest.warned(stale + forbidden), map[string]int{token: 1, list: 2}},
		"403 for ever": {refuses(403), time.Minute, newest.warned(stale + forbidden), map[string]int{token: 1, list: 2}},
		// The code in the body says what the status does not.
		"400 for ever": {refuses(400), time.Minute, newest.warned(stale + forbidden), map[string]int{token: 2, list: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			now := newClock()
			a := newAdmission(t, timed(now), auth.Basic("alice", passwords("alice")))
			p.breaks(list, nil)
			check(t, a.create(t, image, "patch"), newest)
			p.since()

			p.breaks(list, test.fault)
			now.Step(test.after)
			check(t, a.create(t, image, "patch"), test.want)
			checkRequests(t, p, test.asked)

			// Mended, the registry is asked as if nothing had been.
			p.breaks(list, nil)
			now.Step(time.Minute)
			check(t, a.create(t, image, "patch"), newest)
		})
	}
}

// A token that was issued for this very read says all that there is to say: its
// refusal is the answer, until the pause after a failure is over.
func TestRefusalOfANewTokenIsTheAnswer(t *testing.T) {
	p, _ := tokenRegistry(t, "alice/app")
	image, now := p.host()+"/alice/app:1.0.0", newClock()
	p.breaks(list, once(says(401, "application/json", accusation), p))
	a := newAdmission(t, timed(now), auth.Basic("alice", passwords("alice")))
	for _, step := range []struct {
		after time.Duration
		want  answer
		asked map[string]int
	}{
		{0, kept(image, refused), map[string]int{ping: 1, token: 1, list: 1}},
		{9 * time.Second, kept(image, refused), map[string]int{}},
		{time.Second, moved(image, "1.0.1", "policy patch"), map[string]int{token: 1, list: 1}},
	} {
		now.Step(step.after)
		check(t, a.create(t, image, "patch"), step.want)
		checkRequests(t, p, step.asked)
	}
}
