package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// cacheVariable overrides the folder of the cache.
const cacheVariable = "GARBOARD_CACHE"

// CacheDir is outside of any checkout, so that checkouts and branches share
// what is equal.
func CacheDir() (string, error) {
	if dir := os.Getenv(cacheVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder (set %s): %w", cacheVariable, err)
	}
	return filepath.Join(dir, "garboard"), nil
}

// keyInputs are what the programs depend on besides their module.
type keyInputs struct {
	goVersion string // as "go env GOVERSION" prints it
	platform  string // GOOS/GOARCH
	prebuilt  string // what is not built
	flags     string // of compiler and linker
}

func newKeyInputs(ctx context.Context, source string, ready []prebuilt) (keyInputs, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	cmd.Dir = source
	out, err := cmd.Output()
	if err != nil {
		return keyInputs{}, fmt.Errorf("asking for Go's version: %w", err)
	}
	return keyInputs{
		goVersion: strings.TrimSpace(string(out)),
		platform:  runtime.GOOS + "/" + runtime.GOARCH,
		prebuilt:  fmt.Sprint(ready),
		flags:     strings.Join(compilerFlags(), " ") + " " + linkerFlags,
	}, nil
}

// cacheKey names what a build of the module would make: two equal keys, two
// equal sets of programs. The files that count are those that the build reads.
func cacheKey(module fs.FS, in keyInputs, counts func(name string) bool) (string, error) {
	sum := sha256.New()
	sum.Write(fmt.Appendf(nil, "%q\n", []string{in.goVersion, in.platform, in.prebuilt, in.flags}))
	// WalkDir goes in lexical order: the key does not depend on the file system.
	err := fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !counts(name) {
			return err
		}
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		sum.Write(fmt.Appendf(nil, "%q %d\n", name, len(text)))
		sum.Write(text)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the control plane's sources: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// isSource leaves out the module's tests and notes, and the programs of a node.
func isSource(name string) bool {
	return isRequirement(name) || isCode(name) && !isNodeSource(name)
}

func isCode(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// isNodeSource is for the programs of a node, which are built apart.
func isNodeSource(name string) bool {
	return isRequirement(name) || isCode(name) && path.Dir(name) == "node"
}

// isRequirement is for programs of other modules, of the versions that this one
// requires.
func isRequirement(name string) bool {
	return slices.Contains([]string{"go.mod", "go.sum"}, path.Base(name))
}

// findSource finds the control plane's module; see findModule.
func findSource() (string, error) { return findModule("controlplane") }

// findModule finds a nested module of this package from the working folder, which in
// tests is the package's and for "go run" anywhere in the checkout.
func findModule(name string) (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		source := filepath.Join(dir, "test", "cluster", name)
		if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
			return source, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("finding test/cluster/%s above %q: not in a checkout of Garboard", name, start)
		}
	}
}
