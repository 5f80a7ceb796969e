package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// kwokVersion is built by itself: kwok and the control plane register flags of
	// the same name and cannot be linked into one program.
	kwokVersion = "v0.8.0"
	// linkerFlags also tell the API server its version; %s is filled from go.mod.
	linkerFlags = "-s -w" +
		" -X k8s.io/component-base/version.gitVersion=%[1]s" +
		" -X k8s.io/component-base/version.gitMajor=%[2]s" +
		" -X k8s.io/component-base/version.gitMinor=%[3]s"
	// keepUnused is how long the cache keeps programs that nobody starts.
	keepUnused = 14 * 24 * time.Hour
)

// Binaries is a folder with the programs of one build.
type Binaries struct{ Dir string }

// Path of a program: controlplane, kwok, egress, noopwebhook, or kubectl.
func (b Binaries) Path(name string) string { return filepath.Join(b.Dir, name) }

// Build returns the cluster's programs, from the cache if it holds them. The
// cache is garboard in the user's cache folder, or GARBOARD_CACHE. The first
// build takes minutes and reports to log; a second one at the same time waits
// for the first. An interrupted build leaves nothing that a later one would
// take for a whole one.
func Build(ctx context.Context, log io.Writer) (Binaries, error) {
	source, err := findSource()
	if err != nil {
		return Binaries{}, err
	}
	inputs, err := newKeyInputs(ctx, source)
	if err != nil {
		return Binaries{}, err
	}
	key, err := cacheKey(os.DirFS(source), inputs)
	if err != nil {
		return Binaries{}, err
	}
	cache, err := cacheDir()
	if err != nil {
		return Binaries{}, err
	}
	entry := filepath.Join(cache, "cluster-"+key)
	err = once(ctx, entry, "build.lock", log, func() error {
		if err := buildInto(ctx, entry, source, log, builder.programs); err != nil {
			return fmt.Errorf("building the test cluster: %w", err)
		}
		return prune(cache, time.Now())
	})
	if err != nil {
		return Binaries{}, err
	}
	return Binaries{entry}, nil
}

// once builds an entry of the cache, unless it is there. Who asks while it is
// built waits by the lock, a file beside the entry.
func once(ctx context.Context, entry, lockName string, log io.Writer, build func() error) error {
	if used(entry) {
		return nil
	}
	dir := filepath.Dir(entry)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	unlock, err := lock(ctx, filepath.Join(dir, lockName), log)
	if err != nil {
		return err
	}
	defer unlock()
	if used(entry) { // the one who held the lock has built it
		return nil
	}
	return build()
}

// used says whether the entry is there, and marks it as in use. An entry comes
// by a rename, so one that is there is whole.
func used(entry string) bool {
	now := time.Now()
	return os.Chtimes(entry, now, now) == nil
}

func buildInto(ctx context.Context, entry, source string, log io.Writer, programs func(builder, context.Context) error) error {
	temp := entry + ".tmp"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.MkdirAll(temp, 0o750); err != nil {
		return err
	}
	b := builder{source: source, out: temp, log: log, began: time.Now()}
	if err := programs(b, ctx); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	say(log, "built in %s into %s", since(b.began), entry)
	return os.Rename(temp, entry)
}

type builder struct {
	source, out string
	log         io.Writer
	began       time.Time
}

// programs builds all; the heaviest comes first, because what fails fails there.
func (b builder) programs(ctx context.Context) error {
	version, err := b.module(ctx, "k8s.io/kubernetes", "{{.Version}}")
	if err != nil {
		return err
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	flags := fmt.Sprintf(linkerFlags, version, major, minor)
	if err := b.build(ctx, "control plane", "build", "-o", b.out, "-ldflags", flags, "./cmd/..."); err != nil {
		return err
	}
	if err := b.build(ctx, "kwok", "install", "-ldflags", "-s -w", "sigs.k8s.io/kwok/cmd/kwok@"+kwokVersion); err != nil {
		return err
	}
	certManager, err := b.module(ctx, "github.com/cert-manager/cert-manager", "{{.Dir}}")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(b.out, "crds"), os.DirFS(filepath.Join(certManager, "deploy", "crds"))); err != nil {
		return err
	}
	return os.Symlink("controlplane", filepath.Join(b.out, "kubectl"))
}

// command is a go command in the module, with the one set of flags that the
// build cache is filled with: other flags would compile all packages again.
func (b builder) command(ctx context.Context, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", append([]string{verb, "-trimpath", "-buildvcs=false"}, args...)...)
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOBIN="+b.out, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = boundAttributes()
	return cmd
}

// module prints a field of a module that the control plane requires.
func (b builder) module(ctx context.Context, path, field string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", field, path)
	cmd.Dir, cmd.Env = b.source, append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("listing module %q: %w", path, err)
	}
	return strings.TrimSpace(string(out)), nil
}
