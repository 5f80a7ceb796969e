package registries

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/keelson-dev/keelson/resolver/registry/config"
)

// obey puts a settings file in force.
func (a *admission) obey(t *testing.T, file string) {
	t.Helper()
	parsed, err := config.Parse("registries.yaml", []byte("apiVersion: keelson.dev/v1alpha1\nkind: RegistriesConfig\n"+file))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.client.Reconfigure(parsed); err != nil {
		t.Fatal(err)
	}
}

// The image as written stays in the manifest; only our question goes to the
// mirror, with the mirror's credential and nobody else's.
func TestMirror(t *testing.T) {
	upstream, _ := distribution(t, settings{})
	push(t, upstream+"/team/app", []string{"1.0.0", "1.0.1"})
	inner, _ := passwordRegistry(t, settings{})
	push(t, inner+"/hub/team/app", []string{"1.0.0", "1.0.1", "1.0.2"}, as("docker", "secret"))
	mirror := newProxy(t, inner)
	a := newAdmission(t, reachable())
	image := upstream + "/team/app"
	a.obey(t, fmt.Sprintf(`registries:
- prefix: %s
  hosts:
  - host: http://%s/v2/hub
    overridePath: true
    credentials: {username: docker, password: secret}
`, upstream, mirror.host()))

	stored, warnings := a.create(t, image+":1.0.0", "patch")
	wantStored(t, stored, image+":1.0.2", warnings, "web: "+image+":1.0.0 -> 1.0.2 (policy patch)")
	for name, fault := range map[string]http.HandlerFunc{
		"has no such repository": says(404, "application/json", `{"errors":[{"code":"NAME_UNKNOWN"}]}`),
		"is in maintenance":      says(200, "text/html", maintenance),
		"wants a sign-in":        says(401, "application/json", denied),
	} {
		t.Run("the registry is asked where the mirror "+name, func(t *testing.T) {
			mirror.breaks(fault)
			fresh := newAdmission(t, reachable())
			fresh.obey(t, fmt.Sprintf("registries: [{prefix: %q, hosts: [{host: %q}]}]", upstream, "http://"+mirror.host()))
			stored, warnings := fresh.create(t, image+":1.0.0", "patch")
			wantStored(t, stored, image+":1.0.1", warnings, "")
		})
	}
}

func TestSettingsOfAPrivateRegistry(t *testing.T) {
	key, der := certificate(t)
	certFile, keyFile := writePair(t, key, der)
	address, _ := passwordRegistry(t, settings{certificate: certFile, key: keyFile})
	push(t, address+"/team/app", []string{"1.0.0", "1.0.1"}, as("docker", "secret"), through(trusting(t, der)))
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ca.pem":   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"password": "secret\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := fmt.Sprintf(`registries:
- prefix: %s
  ca: %s/ca.pem
  credentials: {username: docker, passwordFile: %s/password}
`, address, dir, dir)
	a := newAdmission(t, reachable())
	image := address + "/team/app:1.0.0"
	stored, warnings := a.create(t, image, "patch")
	wantStored(t, stored, image, warnings, "web: kept at 1.0.0: registry cannot be reached")

	a = newAdmission(t, reachable())
	a.obey(t, file)
	stored, warnings = a.create(t, image, "patch")
	wantStored(t, stored, address+"/team/app:1.0.1", warnings, "")

	a.obey(t, file+"deny: ['"+address+"/team']\n") // also what is known already
	stored, warnings = a.create(t, image, "patch")
	wantStored(t, stored, image, warnings, "web: kept at 1.0.0: not allowed by the registry settings")
}
