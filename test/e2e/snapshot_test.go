package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/garboard-dev/garboard/test/installation"
)

// line is a registry's connection to the cluster, which can be cut: requests end
// without an answer then.
type line struct {
	*httptest.Server
	cut      atomic.Bool
	requests atomic.Int64
}

// newLine leads to the cluster's registry; the space's repository is named by it
// from now on.
func (s *space) newLine() *line {
	s.t.Helper()
	backend := newCounter(s.Registry)
	s.t.Cleanup(backend.Close)
	l := &line{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.cut.Load() {
			panic(http.ErrAbortHandler)
		}
		l.requests.Add(1)
		backend.Config.Handler.ServeHTTP(w, r)
	}))
	s.t.Cleanup(l.Close)
	s.image = l.host() + "/" + s.name + "/app"
	return l
}

func (l *line) host() string { return l.Listener.Addr().String() }

// keeping is the arguments of a webhook that keeps its index in a file of this test,
// and the file.
func (s *space) keeping(l *line, more ...string) (args []string, file string) {
	s.t.Helper()
	file = filepath.Join(s.t.TempDir(), "index")
	return append([]string{"--private-registries=" + l.host(), "--index-snapshot=" + file}, more...), file
}

// replace ends a webhook and starts another in its place: end is how.
func (s *space) replace(end func(*installation.Server) error, args ...string) *installation.Server {
	s.t.Helper()
	if before := s.garboard.Webhooks(); len(before) > 0 {
		if err := s.garboard.Route(); err != nil {
			s.t.Fatal(err)
		}
		for _, server := range before {
			if err := end(server); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	server := s.start(args...)
	s.only(server)
	return server
}

func (s *space) stop(server *installation.Server) error { return server.Stop(s.t.Context()) }
func kill(server *installation.Server) error            { return server.Kill() }

// unreached is what is said of a registry whose line is cut.
const unreached = "registry cannot be reached"

// A webhook that is started again during an outage answers from what the one
// before it knew, whether that was stopped or killed; once the registry is back,
// from what that knows.
func TestRestartDuringAnOutageAnswersFromTheSnapshot(t *testing.T) {
	alone(t)
	s := newSpace(t)
	l := s.newLine()
	s.push("1.2.0", "1.2.7")
	args, file := s.keeping(l, "--index-snapshot-interval=100ms", "--fresh-for=1ms")
	s.only(s.start(args...))
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.wantAnswer(manifest, "1.2.7", s.moves("1.2.7", "patch"))
	// The first may have begun in the middle of the answer, the second has not.
	for range 2 {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		s.wantAnswer(manifest, "1.2.7", s.moves("1.2.7", "patch"))
		s.await("the snapshot", func(context.Context) error {
			_, err := os.Stat(file)
			return err
		})
	}
	l.cut.Store(true)

	stale := "web: " + s.image + ":1.2.0 -> 1.2.7; answered from the last known list: " + unreached
	for _, end := range []struct {
		how string
		do  func(*installation.Server) error
	}{
		{"killed after a write", kill},
		{"stopped", s.stop},
		{"killed while the registry is away", kill},
	} {
		s.replace(end.do, args...)
		if tag, warned := s.answer(manifest, "All"); tag != "1.2.7" || warned != stale {
			t.Errorf("%s: the answer is %s with the warning %q, want 1.2.7 with %q", end.how, tag, warned, stale)
		}
	}

	l.cut.Store(false)
	s.push("1.2.8")
	s.awaitAnswer(manifest, "1.2.8", s.moves("1.2.8", "patch"))
}

// What is young enough is an answer after a restart, too: nothing is asked again,
// neither the list nor what the platforms of the nodes need.
func TestRestartAsksForNothingThatIsKnown(t *testing.T) {
	alone(t)
	s := newSpace(t)
	l := s.newLine()
	s.push("1.2.0", "1.2.7")
	args, file := s.keeping(l, "--fresh-for=1h")
	s.only(s.start(args...))
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", "garboard.dev/platforms: linux/amd64", "garboard.dev/pin: digest", quiet)
	before, warned := s.answer(manifest, "All")
	if asked := l.requests.Swap(0); before == "1.2.0" || asked < 3 { // the list, the digest, the image
		t.Fatalf("the answer is %s with the warning %q, after %d requests", before, warned, asked)
	}
	s.replace(s.stop, args...)
	if after, again := s.answer(manifest, "All"); after != before || again != warned {
		t.Errorf("the answer is %s with the warning %q, want %s with %q", after, again, before, warned)
	}
	if asked := l.requests.Load(); asked != 0 {
		t.Errorf("%d requests for what was known", asked)
	}
	s.replace(s.stop, append(args, "--fresh-for=1ms")...)
	if after, _ := s.answer(manifest, "All"); after != before || l.requests.Load() == 0 {
		t.Errorf("the answer is %s after %d requests, want %s, and what is old read again", after, l.requests.Load(), before)
	}

	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v), want its owner's alone", info.Mode(), err)
	}
}

// What was read with a pull secret is kept without a word of the secret, and is
// an answer to nobody else.
func TestSnapshotKeepsCredentialsApart(t *testing.T) {
	alone(t)
	good, other := newPrivateSpace(t), newPrivateSpace(t)
	other.image = good.image
	good.pushPrivate("1.2.0", "1.2.7")
	good.secret("pull", robot, firstPassword)
	manifest := withPod(good.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "imagePullSecrets: [{name: pull}]")
	file := filepath.Join(t.TempDir(), "index")
	args := []string{"--index-snapshot=" + file, "--fresh-for=1h"}
	good.only(good.start(args...))
	good.wantAnswer(manifest, "1.2.7", good.moves("1.2.7", "patch"))

	if err := good.private.set(robot, secondPassword); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := good.private.set(robot, firstPassword); err != nil {
			t.Error(err)
		}
	})
	good.replace(good.stop, args...)
	good.wantAnswer(manifest, "1.2.7", good.moves("1.2.7", "patch")) // with the old password: nobody was asked
	other.wantAnswer(manifest, "1.2.0", `web: kept at 1.2.0: not readable; Secret "pull": there is none in this namespace`)
	other.secret("pull", robot, stalePassword)
	other.awaitAnswer(manifest, "1.2.0", kept)
	// The same password, but in a Secret that nobody has read the list with.
	third := newPrivateSpace(t)
	third.image = good.image
	third.secret("pull", robot, firstPassword)
	good.secret("pull", robot, firstPassword+" ")
	good.awaitAnswer(manifest, "1.2.0", kept)
	good.replace(good.stop, args...)
	third.wantAnswer(manifest, "1.2.0", kept)
}

// Readiness waits for the certificate and the caches, and never for a registry:
// one that is away would otherwise keep every write of the cluster from being
// answered. Nothing is asked at the start either, whatever the snapshot names.
func TestReadinessWaitsForNoRegistry(t *testing.T) {
	alone(t)
	s := newSpace(t)
	l := s.newLine()
	s.push("1.2.0", "1.2.7")
	args, _ := s.keeping(l)
	s.only(s.start(args...))
	s.answer(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "All")
	l.requests.Store(0)
	for _, cut := range []bool{false, true} {
		l.cut.Store(cut)
		s.replace(s.stop, args...) // which is ready when it returns
		if asked := l.requests.Load(); asked != 0 {
			t.Errorf("cut %t: %d requests until it was ready", cut, asked)
		}
	}
}

// A file that is no good means a cold start, with a line in the log, and is
// replaced by a good one.
func TestDamagedSnapshotIsAColdStart(t *testing.T) {
	alone(t)
	s := newSpace(t)
	l := s.newLine()
	s.push("1.2.0", "1.2.7")
	args, file := s.keeping(l, "--fresh-for=1h")
	s.only(s.start(args...))
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.wantAnswer(manifest, "1.2.7", s.moves("1.2.7", "patch"))
	damage := func(server *installation.Server) error {
		if err := s.stop(server); err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text[len(text)-1] ^= 1
		return os.WriteFile(file, text, 0o600)
	}
	server := s.replace(damage, args...)
	l.requests.Store(0)
	s.wantAnswer(manifest, "1.2.7", s.moves("1.2.7", "patch"))
	if l.requests.Load() == 0 {
		t.Error("the damaged file answered")
	}
	log, err := os.ReadFile(server.Log)
	if n := strings.Count(string(log), "starting without a snapshot"); err != nil || n != 1 {
		t.Errorf("the log tells %d times of it, want once (%v)", n, err)
	}
	l.requests.Store(0)
	s.replace(s.stop, args...)
	s.wantAnswer(manifest, "1.2.7", s.moves("1.2.7", "patch"))
	if n := l.requests.Load(); n != 0 {
		t.Errorf("%d requests after the start with the new file", n)
	}
}

// keptAt is the warning of a container whose registry cannot be asked, and of
// which nothing is known.
func keptAt(tag string) string { return fmt.Sprintf("kept at %s: %s", tag, unreached) }

// Nothing is known of the registry, and it is away. A stored image is no worse for
// it, and a new source is taken at its word: it is never replaced by what is
// stored.
func TestOutageWithNothingKnown(t *testing.T) {
	alone(t)
	s := newSpace(t)
	l := s.newLine()
	s.push("1.2.0", "1.2.7", "1.3.0", "2.0.0")
	args := []string{"--private-registries=" + l.host()}
	s.only(s.start(args...))
	manifest := func(name, tag string, settings ...string) string {
		return s.manifest(name, tag, append([]string{"garboard.dev/policy: patch", quiet}, settings...)...)
	}
	const deny = "garboard.dev/onUnresolvable: deny"
	for name, settings := range map[string][]string{"web": nil, "strict": {deny}} {
		s.must(manifest(name, "1.2.0", settings...), "apply", "-f", "-")
		s.wantTag(name, "1.2.7")
	}
	l.cut.Store(true)
	s.replace(s.stop, args...)

	apply := func(manifest, name, tag, warning string) {
		t.Helper()
		_, warned := s.must(manifest, "apply", "-f", "-")
		s.wantTag(name, tag)
		if !strings.Contains(warned, warning) {
			t.Errorf("%s: kubectl said %q, want the warning %q", name, warned, warning)
		}
	}
	apply(manifest("web", "1.2.0"), "web", "1.2.7", keptAt("1.2.7"))
	apply(manifest("web", "1.3.0"), "web", "1.3.0", keptAt("1.3.0"))
	apply(manifest("fresh", "1.2.0"), "fresh", "1.2.0", keptAt("1.2.0"))
	for what, refused := range map[string]string{
		"a new workload": manifest("other", "1.2.0", deny),
		"a new source":   manifest("strict", "1.3.0", deny),
	} {
		want := "web: " + unreached + ", and onUnresolvable is deny"
		if _, _, err := s.kubectl(refused, "apply", "-f", "-"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s under deny: %v, want a refusal with %q", what, err, want)
		}
	}
	s.must("", "label", "deployment/strict", "touched=yes")
	s.must("", "scale", "deployment/strict", "--replicas=2")
	s.wantTag("strict", "1.2.7")
}
