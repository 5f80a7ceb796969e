package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	command     = "github.com/garboard-dev/garboard/cmd/garboard"
	versionName = "github.com/garboard-dev/garboard/internal/cli/version.Version"
)

// serversTags leave out of the servers' program what has HTML templates: the page, and gRPC's
// page of traces, which nothing serves.
const serversTags = "nopage,grpcnotrace"

// compilerFlags are those of all that the Makefile compiles: one build cache serves both.
func compilerFlags() []string {
	return []string{"-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"}
}

// flagsOfBuild are the same for every program of a release. Nothing of the machine is in the
// program: no paths, no build id, no time.
func flagsOfBuild(version string) []string {
	return append(compilerFlags(), "-ldflags=-s -w -buildid= -X "+versionName+"="+version)
}

// compile builds the program for a platform, such as linux/arm64, and returns its path. It is
// the whole program without tags.
func compile(ctx context.Context, source, platform, version, tags, into string) (string, error) {
	system, architecture, ok := strings.Cut(platform, "/")
	if !ok || system == "" || architecture == "" {
		return "", fmt.Errorf("%q is no platform: want OS/ARCHITECTURE, such as linux/arm64", platform)
	}
	path := filepath.Join(into, system+"_"+architecture+"_"+tags, "garboard")
	if system == "windows" {
		path += ".exe"
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil // the folder is this run's own
	}
	args := append([]string{"build", "-o", path, "-tags=" + tags}, flagsOfBuild(version)...)
	build := exec.CommandContext(ctx, "go", append(args, command)...) //nolint:gosec // the Go tool, with what the command line names
	build.Dir = source
	// What the user has set for builds of theirs has no say.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building for %s: %w\n%s", platform, err, out)
	}
	return path, nil
}
