package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reloaded is 1 where the settings file is in force.
const reloaded = "garboard_registries_config_last_reload_successful"

// settings writes a file of registry settings: what it denies, a registry that
// does not exist, of which the cluster's is the mirror, and what to sign in to
// the private one with.
func (s *space) settings(file, deny string) {
	s.t.Helper()
	s.writeFile(file, fmt.Sprintf(`apiVersion: garboard.dev/v1alpha1
kind: RegistriesConfig
deny: [%s]
registries:
- prefix: registry.invalid
  hosts:
  - {host: "http://%s", private: true}
- prefix: "%s"
  private: true
  credentials: {username: %s, passwordFile: password}
`, deny, s.Registry, s.private.address, robot))
	s.writeFile(filepath.Join(filepath.Dir(file), "password"), firstPassword+"\n")
}

// writeFile puts a file in the place of another in one step, as the kubelet
// does.
func (s *space) writeFile(file, text string) {
	s.t.Helper()
	err := os.WriteFile(file+".new", []byte(text), 0o600)
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// The settings file says which registries are asked, and where. It counts as
// soon as it changes, and where it has faults the settings before stay in force.
func TestRegistrySettings(t *testing.T) {
	alone(t)
	s, private := newSpace(t), newPrivateSpace(t)
	s.push("1.2.0", "1.2.7")
	private.pushPrivate("1.2.0", "1.2.7")
	good, bad := filepath.Join(t.TempDir(), "registries.yaml"), filepath.Join(t.TempDir(), "registries.yaml")
	s.settings(good, s.image)
	s.settings(bad, s.image)
	// Two, whose files are changed at one time: they are looked at every ten
	// seconds.
	follows, keeps := s.start("--registries-config="+good), s.start("--registries-config="+bad)
	denied := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	mirrored := strings.Replace(denied, s.Registry, "registry.invalid", 1)
	const refused = "web: kept at 1.2.0: not allowed by the registry settings"
	inForce := func() {
		t.Helper()
		s.wantAnswer(denied, "1.2.0", refused)
		private.wantAnswer(private.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "1.2.7", private.moves("1.2.7", "patch"))
		s.wantAnswer(mirrored, "1.2.7", strings.Replace(s.moves("1.2.7", "patch"), s.Registry, "registry.invalid", 1))
	}
	s.only(follows)
	inForce()

	s.settings(good, s.Registry+"/another")
	s.writeFile(bad, "deny: nonsense\n")
	s.awaitAnswer(denied, "1.2.7", s.moves("1.2.7", "patch"))
	if got := s.metric(follows.Metrics, reloaded); got != 1 {
		t.Errorf("%s is %d after a good change", reloaded, got)
	}
	s.await("the bad file to be seen", func(context.Context) error {
		if s.metric(keeps.Metrics, reloaded) != 0 {
			return errors.New("it is not")
		}
		return nil
	})
	s.only(keeps)
	inForce()
	if log := s.log(keeps); !strings.Contains(log, "keeping the previous settings") {
		t.Error("the log does not say that the file is bad")
	}
	s.wantNoPasswords()
}

// The updater keeps to the file, too: it polls no repository that is denied, and
// a private one without a pull secret.
func TestUpdaterKeepsToRegistrySettings(t *testing.T) {
	alone(t)
	denied, private := newSpace(t), newPrivateSpace(t)
	denied.push("1.2.0")
	private.pushPrivate("1.2.0")
	file := filepath.Join(t.TempDir(), "registries.yaml")
	denied.settings(file, denied.image)
	denied.updater("--registries-config=" + file)
	// Created with a webhook that has the file, which is what an image moves by.
	private.only(private.start("--registries-config=" + file))
	for _, s := range []*space{denied, private} {
		s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond), "create", "-f", "-")
	}
	denied.event("web", "RegistryUnavailable", "not allowed by the registry settings")
	private.pushPrivate("1.2.7")
	private.awaitTag("web", "1.2.7")
	denied.wantNoPasswords()
}

// The file that the process starts with must be good: there are none before.
func TestBadRegistrySettingsStopTheStart(t *testing.T) {
	s := newSpace(t)
	bad := filepath.Join(t.TempDir(), "registries.yaml")
	s.writeFile(bad, "deny: nonsense\n")
	_, err := s.garboard.StartUnrouted(t.Context(), "--registries-config="+bad)
	if err == nil || !strings.Contains(err.Error(), "it ended") || !strings.Contains(err.Error(), bad) {
		t.Errorf("it started with a bad file, or does not name it: %v", err)
	}
}
