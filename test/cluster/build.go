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
	"slices"
	"strings"
	"time"
)

const (
	// linkerFlags also tell the API server its version; %s is filled from go.mod.
	linkerFlags = "-s -w" +
		" -X k8s.io/component-base/version.gitVersion=%[1]s" +
		" -X k8s.io/component-base/version.gitMajor=%[2]s" +
		" -X k8s.io/component-base/version.gitMinor=%[3]s"
	// controlPlane is the program that is called by the names of its parts.
	controlPlane = "controlplane"
	noopWebhook  = "noopwebhook"
	// keepUnused is how long the cache keeps programs that are not started.
	keepUnused = 14 * 24 * time.Hour
)

// compilerFlags are those of all that the Makefile, the tests and the demo
// build, so that one build cache serves them. DWARF, which only debuggers read,
// takes the compiler a quarter of its time.
func compilerFlags() []string {
	return []string{"-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"}
}

// lazyCollection lets the compiler collect garbage a quarter as often, for a
// tenth of its time and some hundred megabytes.
const lazyCollection = "GOGC=400"

// Binaries is a folder with the programs of one build.
type Binaries struct{ Dir string }

// Path of a program: controlplane, egress, kubectl, or a part of the control plane.
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
	ready := findPrebuilt(ctx, source)
	build := func(b builder, ctx context.Context) error { return b.programs(ctx, ready) }
	entry, err := buildEntry(ctx, log, source, entryKind{"cluster", "the test cluster", isSource}, build, ready...)
	return Binaries{entry}, err
}

// entryKind is a kind of entries of the cache.
type entryKind struct {
	name, what string
	counts     func(name string) bool // which files of the module the build reads
}

// buildEntry returns the folder of an entry, which it builds unless the cache holds it.
func buildEntry(ctx context.Context, log io.Writer, source string, kind entryKind, build func(builder, context.Context) error, ready ...prebuilt) (string, error) {
	inputs, err := newKeyInputs(ctx, source, ready)
	if err != nil {
		return "", err
	}
	key, err := cacheKey(os.DirFS(source), inputs, kind.counts)
	if err != nil {
		return "", err
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cache, kind.name+"-"+key)
	return entry, once(ctx, entry, "build.lock", log, func() error {
		if err := buildInto(ctx, entry, source, log, build); err != nil {
			return fmt.Errorf("building %s: %w", kind.what, err)
		}
		return prune(cache, time.Now())
	})
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

// programs builds all but what is there ready-made.
func (b builder) programs(ctx context.Context, ready []prebuilt) error {
	flags, err := b.requiredVersionFlags(ctx)
	if err != nil {
		return err
	}
	links := map[string]string{partEtcd: controlPlane, noopWebhook: controlPlane}
	var tags []string
	for _, p := range ready {
		say(b.log, "using %s %s of this machine, %s", p.name, p.version, p.path)
		tags = append(tags, "prebuilt_"+p.name)
		links[p.name] = p.path
	}
	if len(tags) > 0 {
		flags = append(flags, "-tags", strings.Join(tags, ","))
	}
	if err := b.build(ctx, "control plane", "./cmd/...", flags...); err != nil {
		return err
	}
	certManager, err := b.module(ctx, "github.com/cert-manager/cert-manager", "{{.Dir}}")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(b.out, "crds"), os.DirFS(filepath.Join(certManager, "deploy", "crds"))); err != nil {
		return err
	}
	return b.link(links)
}

// link gives programs further names: name -> program.
func (b builder) link(names map[string]string) error {
	for name, target := range names {
		if err := os.Symlink(target, filepath.Join(b.out, name)); err != nil {
			return err
		}
	}
	return nil
}

// requiredVersionFlags are versionFlags for the version that the control plane requires.
func (b builder) requiredVersionFlags(ctx context.Context) ([]string, error) {
	version, err := b.module(ctx, kubernetesModule, "{{.Version}}")
	return versionFlags(version), err
}

// versionFlags tell Kubernetes' programs their version, say "v1.37.2".
func versionFlags(version string) []string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	return []string{"-ldflags", fmt.Sprintf(linkerFlags, version, major, minor)}
}

// GoCommand is a go command that compiles as all of the repository is compiled,
// in a folder of it.
func GoCommand(ctx context.Context, dir, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{verb}, compilerFlags(), args)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", lazyCollection)
	return cmd
}

// command is a go command in the module.
func (b builder) command(ctx context.Context, verb string, args ...string) *exec.Cmd {
	cmd := GoCommand(ctx, b.source, verb, args...)
	cmd.Env = append(cmd.Env, "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = boundAttributes()
	return cmd
}

// module prints a field of a module that the control plane requires.
func (b builder) module(ctx context.Context, path, field string) (string, error) {
	return goList(ctx, b.source, "-m", "-f", field, path)
}

func goList(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running go list %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
