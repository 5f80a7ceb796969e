package registries

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// hub sends what is asked of Docker Hub to a registry of the test's, a mirror
// first.
func hub(upstream, mirror string) string {
	return fmt.Sprintf(`
registries:
- prefix: docker.io
  server: http://%s
  private: true
  hosts:
  - {host: "http://%s", private: true}
`, upstream, mirror)
}

// The mirror answers, or else the registry. The image stays as it was written:
// nodes have mirrors of their own.
func TestMirror(t *testing.T) {
	behind, front := distribution(t, read{}), distribution(t, read{})
	push(t, behind+"/library/nginx", []string{"1.0.0", "1.0.1", "1.0.2"})
	push(t, front+"/library/nginx", []string{"1.0.0", "1.0.1"})
	read := map[string]int{ping: 1, list: 1}
	for name, test := range map[string]struct {
		image            string
		breaks           func(mirror *proxy)
		tag              string
		mirror, upstream map[string]int
	}{
		"it answers":                      {"nginx:1.0.0", func(*proxy) {}, "1.0.1", read, map[string]int{}},
		"a name in full":                  {"docker.io/library/nginx:1.0.0", func(*proxy) {}, "1.0.1", read, map[string]int{}},
		"a name of old":                   {"index.docker.io/library/nginx:1.0.0", func(*proxy) {}, "1.0.1", read, map[string]int{}},
		"it is down":                      {"nginx:1.0.0", func(p *proxy) { p.Close() }, "1.0.2", map[string]int{}, read},
		"its storage is down":             {"nginx:1.0.0", func(p *proxy) { p.breaks(list, says(500, "text/html", maintenance)) }, "1.0.2", read, read},
		"it lacks the repository":         {"nginx:1.0.0", func(p *proxy) { p.breaks(list, http.NotFound) }, "1.0.2", read, read},
		"it wants a password":             {"nginx:1.0.0", func(p *proxy) { p.breaks(list, says(401, "application/json", accusation)) }, "1.0.2", read, read},
		"it shows HTML":                   {"nginx:1.0.0", func(p *proxy) { p.breaks(list, says(200, "text/html", maintenance)) }, "1.0.2", read, read},
		"it leads to the metadata":        {"nginx:1.0.0", func(p *proxy) { p.breaks(list, to("http://169.254.169.254/")) }, "1.0.2", read, read},
		"it is busy, and says until when": {"nginx:1.0.0", func(p *proxy) { p.breaks(ping, headed("Retry-After", "60", says(429, "", ""))) }, "1.0.2", map[string]int{ping: 1}, read},
	} {
		t.Run(name, func(t *testing.T) {
			mirror, upstream := newProxy(t, front), newProxy(t, behind)
			a := newAdmission(t, registry.Options{Config: parsed(t, hub(upstream.host(), mirror.host()))})
			test.breaks(mirror)
			check(t, a.create(t, test.image, "patch"), moved(test.image, test.tag, "policy patch"))
			checkRequests(t, mirror, test.mirror)
			checkRequests(t, upstream, test.upstream)
		})
	}
}

func TestMirrorAndRegistryAreDown(t *testing.T) {
	a := newAdmission(t, registry.Options{Config: parsed(t, hub("127.0.0.1:1", "127.0.0.1:1"))})
	check(t, a.create(t, "nginx:1.0.0", "patch"), kept("nginx:1.0.0", unreachable))
}

// The password is for the registry: no mirror sees it.
func TestCredentialsOfTheSettings(t *testing.T) {
	address := passwordRegistry(t)
	push(t, address+"/team/app", []string{"1.0.0", "1.0.1"}, as("docker", "secret"))
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := newStranger(t)
	const image = "registry.example.com/team/app:1.0.0"
	for name, test := range map[string]struct {
		credentials, hosts string
		secrets            []auth.Credential // of the workload
		want               answer
		visits             int // of the mirror
	}{
		"a password":                        {"{username: docker, password: secret}", "", nil, moves(image), 0},
		"a password in a file":              {"{username: docker, passwordFile: " + file + "}", "", nil, moves(image), 0},
		"a wrong password":                  {"{username: docker, password: old}", "", nil, kept(image, refused), 0},
		"a pull secret that is wrong":       {"{username: docker, password: secret}", "", own{auth.Basic("docker", "old")}, moves(image), 0},
		"a pull secret that is right":       {"{username: docker, password: old}", "", own{auth.Basic("docker", "secret")}, moves(image), 0},
		"a mirror, which sees none of them": {"{username: docker, password: secret}", other.URL, own{auth.Basic("docker", "secret")}, moved(image, "1.0.2", "policy patch"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			text := "\nregistries:\n- prefix: registry.example.com\n  server: http://" + address + "\n  private: true\n  credentials: " + test.credentials + "\n"
			if test.hosts != "" {
				text += "  hosts: [{host: \"" + test.hosts + "\", private: true}]\n"
			}
			a := newAdmission(t, registry.Options{Config: parsed(t, text)}, test.secrets...)
			check(t, a.create(t, image, "patch"), test.want)
			if diff := cmp.Diff(make([]string, test.visits), other.since(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("what the mirror saw as Authorization (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCAOfTheSettings(t *testing.T) {
	address, file, _ := secureRegistry(t)
	ca, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, der := certificate(t)
	foreign, _ := writePair(t, key, der)
	inline := "|\n    " + strings.ReplaceAll(strings.TrimSpace(string(ca)), "\n", "\n    ")
	image := address + "/team/app:1.0.0"
	for name, test := range map[string]struct {
		ca   string
		want answer
	}{
		"in a file":       {file, moves(image)},
		"in the settings": {inline, moves(image)},
		"another one":     {foreign, kept(image, unreachable)},
	} {
		t.Run(name, func(t *testing.T) {
			text := "\nregistries:\n- prefix: " + address + "\n  private: true\n  ca: " + test.ca + "\n"
			check(t, newAdmission(t, registry.Options{Config: parsed(t, text)}).create(t, image, "patch"), test.want)
		})
	}
}

// What the settings forbid is not asked, and not told from memory either.
func TestDenied(t *testing.T) {
	backend := distribution(t, read{})
	push(t, backend+"/evil/app", []string{"1.0.0", "1.0.1"})
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1"})
	p := newProxy(t, backend)
	evil, team := p.host()+"/evil/app:1.0.0", p.host()+"/team/app:1.0.0"
	a := newAdmission(t, reachable())
	check(t, a.create(t, evil, "patch"), moves(evil))
	check(t, a.create(t, team, "patch"), moves(team))
	p.since()
	for name, settings := range map[string]*config.Config{
		"by deny":  parsed(t, "deny: ["+p.host()+"/evil]\n"),
		"by allow": parsed(t, "allow: [ghcr.io, "+p.host()+"/team]\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := a.client.Reconfigure(settings); err != nil {
				t.Fatal(err)
			}
			check(t, a.create(t, evil, "patch"), kept(evil, denied))
			check(t, a.create(t, team, "patch"), moves(team))
			checkRequests(t, p, map[string]int{})
		})
	}
}
