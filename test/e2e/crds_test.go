package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/test/gomodule"
	"github.com/garboard-dev/garboard/test/installation"
)

// Modules of which a file is all that is used.
var (
	argoRollouts = gomodule.Module{Path: "github.com/argoproj/argo-rollouts", Version: "v1.10.1", Sum: "h1:6oyVPGiHHxu3ixkT6mngemh88HLPDoTX1IwO6KNR1Y4="}
	kruise       = gomodule.Module{Path: "github.com/openkruise/kruise", Version: "v1.8.0", Sum: "h1:cU5XG9tur17j/CuY+iCTlxOtJ0GNTtJjMLurhh+25YQ="}
)

// fileOf returns the path of a file of a module in Go's module cache.
func fileOf(t *testing.T, m gomodule.Module, name string) string {
	t.Helper()
	dir, err := m.Dir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
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
