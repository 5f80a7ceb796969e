package e2e

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/installation"
)

// log is what a process has logged.
func (s *space) log(server *installation.Server) string {
	s.t.Helper()
	text, err := os.ReadFile(server.Log)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// Whatever is done with a password, accepted, refused or not even readable, it
// stands in no log, Event, metric or annotation. The logs are at the level of
// debug, and those of all tests before.
func TestPasswordsAreNowhere(t *testing.T) {
	s := newPrivateSpace(t)
	s.pushPrivate("1.2.0", "1.2.7")
	s.secret("pull", robot, firstPassword)
	s.secret("stale", robot, stalePassword)
	s.write(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "broken"}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths": {"` + s.private.address + `": {"auth": "` + secondPassword + `"}}}`)},
	})
	for _, name := range []string{"pull", "stale", "broken"} {
		manifest := withPod(s.manifest(name, "1.2.0", "garboard.dev/policy: patch", everySecond), "imagePullSecrets: [{name: "+name+"}]")
		if _, _, err := s.create(manifest); err != nil {
			t.Fatal(err)
		}
	}
	s.pushPrivate("1.2.8")
	s.awaitTag("pull", "1.2.8")
	s.event("stale", "RegistryUnavailable", "not found, or the credentials may not read it")
	s.event("broken", "RegistryUnavailable", `not readable; Secret "broken": the auth of an entry is no base64 of user:password`)

	if updater := s.garboard.Updater(); !strings.Contains(s.log(updater), "/"+s.name+"/app") {
		t.Fatalf("the log of %s says nothing of the polls", updater.Name)
	}
	s.wantNoPasswords()
}

// wantNoPasswords looks for the passwords in all that Garboard writes.
func (s *space) wantNoPasswords() {
	s.t.Helper()
	texts := s.written()
	for _, password := range []string{firstPassword, secondPassword, stalePassword} {
		for _, form := range append(inBase64(password), password) {
			for where, text := range texts {
				if strings.Contains(text, form) {
					s.t.Errorf("%s: a password stands there as %s", where, form)
				}
			}
		}
	}
}

// passwordsInLogs is an error where Garboard has logged a password in any of its tests.
func passwordsInLogs(s *suite) error {
	logs, err := filepath.Glob(filepath.Join(s.Dir, "garboard-*.log"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range logs {
		text, err := os.ReadFile(file)
		errs = append(errs, err)
		for _, password := range []string{firstPassword, secondPassword, stalePassword, pushToken} {
			for _, form := range append(inBase64(password), password) {
				if bytes.Contains(text, []byte(form)) {
					errs = append(errs, fmt.Errorf("the log %s has a password as %s", filepath.Base(file), form))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// inBase64 is what a text looks like in base64 that it is a part of, which
// depends on where it begins. The characters that hold a part of its neighbours
// are left out.
func inBase64(text string) []string {
	var forms []string
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
		forms = append(forms, encoded[(before*8+5)/6:(before+len(text))*8/6])
	}
	return forms
}

// written is all that Garboard writes, by where it stands.
func (s *space) written() map[string]string {
	s.t.Helper()
	texts := map[string]string{}
	logs, err := filepath.Glob(filepath.Join(s.Dir, "garboard-*.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range logs {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		texts["the log "+filepath.Base(file)] = string(text)
	}
	for _, server := range append(s.garboard.Webhooks(), s.garboard.Updater()) {
		texts["the metrics of "+server.Name] = s.metrics(server)
	}
	texts["the Events"], _ = s.must("", "get", "events", "--all-namespaces", "-o=yaml")
	texts["the workloads"], _ = s.must("", "get", "deployments,replicasets,pods", "-o=yaml")
	return texts
}
