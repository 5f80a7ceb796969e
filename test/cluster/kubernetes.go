package cluster

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// olderKubernetes is the program of the module in kubernetes, which has a file of modules for
// each version: v1.34.4.mod, with its sums in v1.34.4.sum.
const (
	olderKubernetes = "kubernetes"
	modulesSuffix   = ".mod"
)

// OlderVersions are those that Options.Kubernetes may name, the oldest first.
func OlderVersions() ([]string, error) {
	source, err := findModule(olderKubernetes)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(source, "v*"+modulesSuffix))
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), modulesSuffix)
	}
	return files, err
}

// buildKubernetes returns the folder with the programs of an older version, from the cache
// if it holds them: see Build.
func buildKubernetes(ctx context.Context, log io.Writer, version string) (Binaries, error) {
	known, err := OlderVersions()
	if err != nil {
		return Binaries{}, err
	}
	if !slices.Contains(known, version) {
		return Binaries{}, fmt.Errorf("building Kubernetes %q: allowed: %s", version, strings.Join(known, ", "))
	}
	source, err := findModule(olderKubernetes)
	if err != nil {
		return Binaries{}, err
	}
	build := func(b builder, ctx context.Context) error { return b.kubernetes(ctx, version) }
	kind := entryKind{"kubernetes", "Kubernetes " + version, func(name string) bool { return isSourceOf(name, version) }}
	entry, err := buildEntry(ctx, log, source, kind, build)
	return Binaries{entry}, err
}

// isSourceOf leaves out what other versions are made of.
func isSourceOf(name, version string) bool {
	return isCode(name) || path.Ext(name) != ".md" && strings.TrimSuffix(name, path.Ext(name)) == version
}

func (b builder) kubernetes(ctx context.Context, version string) error {
	flags := append(versionFlags(version), "-modfile="+filepath.Join(b.source, version+modulesSuffix))
	if err := b.build(ctx, "API server "+version, ".", flags...); err != nil {
		return err
	}
	// The names by which a cluster starts them.
	return b.link(map[string]string{controlPlane: olderKubernetes, toolKubectl: olderKubernetes})
}
