package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/test/installation"
)

// module is a release of somebody else's, of which a file is all that is used:
// it is no dependency, and its checksum is held here.
type module struct{ path, version, sum string }

var (
	argoRollouts = module{"github.com/argoproj/argo-rollouts", "v1.10.1", "h1:6oyVPGiHHxu3ixkT6mngemh88HLPDoTX1IwO6KNR1Y4="}
	kruise       = module{"github.com/openkruise/kruise", "v1.8.0", "h1:cU5XG9tur17j/CuY+iCTlxOtJ0GNTtJjMLurhh+25YQ="}
)

// downloadLimit bounds the download of a module that the cache does not have.
const downloadLimit = 5 * time.Minute

// file returns the path of a file of the module in Go's module cache.
func (m module) file(t *testing.T, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), downloadLimit)
	defer cancel()
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.path+"@"+m.version)
	// Elsewhere, so that no go.sum of ours takes it in.
	download.Dir, download.Env = t.TempDir(), append(os.Environ(), "GOWORK=off")
	out, err := download.Output()
	var got struct{ Dir, Sum, Error string }
	if err := errors.Join(err, json.Unmarshal(out, &got)); err != nil {
		t.Fatalf("downloading %s: %v\n%s", m.path, err, out)
	}
	if got.Sum != m.sum {
		t.Fatalf("%s@%s has the checksum %s, want %s", m.path, m.version, got.Sum, m.sum)
	}
	return filepath.Join(got.Dir, filepath.FromSlash(name))
}

// define installs a CustomResourceDefinition until the test ends. It is created:
// what apply notes of it would be too large for an annotation.
func define(t *testing.T, name, file string) {
	t.Helper()
	t.Cleanup(func() { kubectlFor(t, "", "delete", "--ignore-not-found", "crd", name) })
	kubectlFor(t, "", "create", "-f", file)
	if err := suiteOf(t).AwaitServed(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// kubectlFor also runs while the test is being cleaned up after.
func kubectlFor(t *testing.T, stdin string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	if _, _, err := suiteOf(t).Kubectl(ctx, stdin, args...); err != nil {
		t.Error(err)
	}
}

// awaitLog waits until a process has logged a text n times.
func (s *space) awaitLog(server *installation.Server, text string, n int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%s to log %q", server.Name, text), func(context.Context) error {
		if got := strings.Count(s.log(server), text); got < n {
			return fmt.Errorf("%d times", got)
		}
		return nil
	})
}
