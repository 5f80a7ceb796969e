package registries

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/test/cluster"
)

// htpasswd is the user docker with the password secret, by bcrypt at its least
// cost: the registry hashes at each request.
const htpasswd = "docker:$2a$04$caw6ujLv/GO2cPopqrGXTuruxm5ToOM85EwCGIN04Hnk9qM3tbyaW\n"

// passwordRegistry starts a registry that asks for a user and a password.
func passwordRegistry(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(file, []byte(htpasswd), 0o600); err != nil {
		t.Fatal(err)
	}
	return distribution(t, read{auth: fmt.Sprintf("{htpasswd: {realm: test, path: %s}}", file)})
}

// tokenRegistry starts a registry that wants tokens, behind a proxy at whose
// /token they are given. The repositories have the tags 1.0.0 and 1.0.1.
func tokenRegistry(t *testing.T, repositories ...string) (*proxy, *tokenService) {
	t.Helper()
	key, der := certificate(t)
	certFile, _ := writePair(t, key, der)
	service := &tokenService{key: key, der: der, life: 5 * time.Minute, issued: map[string]int{}}
	p := unstarted(t, "")
	p.tokens = service
	p.forward = cluster.FrontOf(distribution(t, read{auth: fmt.Sprintf(
		"{token: {realm: 'http://%s/token', service: test-registry, issuer: test-issuer, rootcertbundle: %s}}", p.host(), certFile)}))
	p.Start()
	for _, repository := range repositories {
		push(t, p.host()+"/"+repository, []string{"1.0.0", "1.0.1"}, as("pusher", passwords("pusher")))
	}
	p.since()
	service.since()
	return p, service
}

func TestRegistryWithPasswords(t *testing.T) {
	address := passwordRegistry(t)
	push(t, address+"/team/app", []string{"1.0.0", "1.0.1"}, as("docker", "secret"))
	good, bad := auth.Basic("docker", "secret"), auth.Basic("docker", "old")
	image, missing := address+"/team/app:1.0.0", address+"/team/none:1.0.0"
	newer := moved(image, "1.0.1", "policy patch")
	for name, test := range map[string]struct {
		credentials []auth.Credential
		image       string
		want        answer
	}{
		"the right one":                           {[]auth.Credential{good}, image, newer},
		"a stale one before the right one":        {[]auth.Credential{bad, good}, image, newer},
		"several wrong ones before the right one": {[]auth.Credential{bad, auth.Basic("a", "b"), auth.Bearer("t"), good}, image, newer},
		"a wrong one":                             {[]auth.Credential{bad}, image, kept(image, refused)},
		"none":                                    {nil, image, kept(image, refused)},
		"a token, which passwords know not":       {[]auth.Credential{auth.IdentityToken("t")}, image, kept(image, refused)},
		"a repository that is not there":          {[]auth.Credential{good}, missing, kept(missing, refused)},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, newAdmission(t, reachable(), test.credentials...).create(t, test.image, "patch"), test.want)
		})
	}
}

// Where refusals are counted, accounts get locked: a credential that was refused
// comes after those that were not, for a while.
func TestRefusedPasswordIsNotTriedAgainAtOnce(t *testing.T) {
	backend := passwordRegistry(t)
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1"}, as("docker", "secret"))
	p, now := newProxy(t, backend), newClock()
	a := newAdmission(t, timed(now), auth.Basic("docker", "old"), auth.Basic("docker", "secret"))
	image := p.host() + "/team/app:1.0.0"
	for i, step := range []struct {
		after time.Duration
		want  map[string]int
	}{
		{0, map[string]int{ping: 1, list: 2}},
		{time.Minute, map[string]int{list: 1}},
		{9 * time.Minute, map[string]int{list: 2}},
	} {
		now.Step(step.after)
		check(t, a.create(t, image, "patch"), moved(image, "1.0.1", "policy patch"))
		if diff := cmp.Diff(step.want, p.since()); diff != "" {
			t.Errorf("requests of step %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestRegistryWithTokens(t *testing.T) {
	p, service := tokenRegistry(t, "alice/app", "alice/tool", "bob/app")
	alice, bob := auth.Basic("alice", passwords("alice")), auth.Basic("bob", passwords("bob"))
	app, tool := p.host()+"/alice/app:1.0.0", p.host()+"/alice/tool:1.0.0"

	a := newAdmission(t, reachable(), alice)
	for range 3 {
		check(t, a.create(t, app, "patch"), moved(app, "1.0.1", "policy patch"))
	}
	check(t, a.create(t, tool, "patch"), moved(tool, "1.0.1", "policy patch"))
	checkRequests(t, p, map[string]int{ping: 1, token: 2, list: 2})
	want := map[string]int{"alice repository:alice/app:pull": 1, "alice repository:alice/tool:pull": 1}
	if diff := cmp.Diff(want, service.since()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}

	for name, test := range map[string]struct {
		credentials []auth.Credential
		want        answer
	}{
		"who may not read it":          {[]auth.Credential{bob}, kept(app, refused)},
		"who may not, and who may":     {[]auth.Credential{bob, alice}, moved(app, "1.0.1", "policy patch")},
		"a password that is wrong":     {[]auth.Credential{auth.Basic("alice", "old")}, kept(app, refused)},
		"nobody":                       {nil, kept(app, refused)},
		"an identity token, not taken": {[]auth.Credential{auth.IdentityToken("t")}, kept(app, refused)},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, newAdmission(t, reachable(), test.credentials...).create(t, app, "patch"), test.want)
		})
	}
}

// A token service that is down is a registry that is down.
func TestTokenServiceThatIsBroken(t *testing.T) {
	p, _ := tokenRegistry(t, "alice/app")
	image := p.host() + "/alice/app:1.0.0"
	for name, test := range map[string]struct {
		fault http.HandlerFunc
		want  string
	}{
		"500 with HTML":         {says(500, "text/html", maintenance), unreachable},
		"429":                   {says(429, "text/plain", "Too Many Requests"), pause},
		"200 with HTML":         {says(200, "text/html", maintenance), nonsense},
		"200 without a token":   {says(200, "application/json", "{}"), nonsense},
		"a token with a break":  {says(200, "application/json", `{"token":"a\r\nHost: b"}`), nonsense},
		"a token of no meaning": {says(200, "application/json", `{"token":"x"}`), refused},
		"a redirect to a file":  {to("file:///etc/passwd"), unreachable},
		"404":                   {http.NotFound, refused},
	} {
		t.Run(name, func(t *testing.T) {
			p.breaks(token, test.fault)
			a := newAdmission(t, reachable(), auth.Basic("alice", passwords("alice")))
			check(t, a.create(t, image, "patch"), kept(image, test.want))
		})
	}
}
