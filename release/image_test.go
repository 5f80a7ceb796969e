package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// cold asks for a second build that finds nothing of the first in a cache: `make
// verify-reproducible`. It compiles everything again, for minutes.
const cold = "GARBOARD_COLD"

// The images of the real program, made by one build of this command.
func TestImages(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the program three times")
	}
	release := buildRelease(t)
	t.Run("two builds give one", func(t *testing.T) { compareTwoBuilds(t, release) })
	t.Run("the page has its own", func(t *testing.T) {
		_, program := build(t, release, "..", "garboard-page")
		if !bytes.Contains(program, []byte("html/template.(*Template)")) {
			t.Error("the program has no html/template, and so no page")
		}
	})
}

// compareTwoBuilds makes the servers' image from two folders. Without GARBOARD_COLD both are
// linked from what the compiler left in its cache, which -trimpath has it share: what would be
// found are paths, times and identifiers of a build, not a compiler that wavers.
func compareTwoBuilds(t *testing.T, release string) {
	t.Helper()
	elsewhere := filepath.Join(t.TempDir(), "a checkout")
	copySources(t, elsewhere)
	first, servers := build(t, release, "..", "garboard")
	if runtime.GOARCH == "amd64" && len(servers) > maxServers {
		t.Errorf("the servers' program has %d bytes, and up to %d are expected: see docs/releasing.md", len(servers), maxServers)
	}
	for _, function := range []string{"html/template.(*Template)", "text/template.(*state)"} {
		if bytes.Contains(servers, []byte(function)) {
			t.Errorf("the servers' program has %s, which looks methods up by name, and so every exported method", function)
		}
	}
	if os.Getenv(cold) != "" {
		t.Setenv("GOCACHE", t.TempDir())
	}
	if second, _ := build(t, release, elsewhere, "garboard"); first != second {
		t.Errorf("one build is %s, another %s", first, second)
	}
}

// buildRelease builds this command and returns its path. It has no race detector, which makes
// compressing two images take minutes.
func buildRelease(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "release")
	args := slices.Concat([]string{"build", "-o", path}, compilerFlags(), []string{"."})
	compiler := exec.CommandContext(t.Context(), "go", args...)
	compiler.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := compiler.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return path
}

// maxServers is what the servers' program may have in bytes, stripped, on linux/amd64: a
// twentieth more than it had when it was measured.
const maxServers = 52_700_000

// build makes a layout of an image from the source by the command at the path release, runs
// the program in it, and returns it with the image's digest.
func build(t *testing.T, release, source, name string) (v1.Hash, []byte) {
	t.Helper()
	folder := t.TempDir()
	making := exec.CommandContext(t.Context(), release, "image", "-version=v1.2.3", "-revision=abc",
		"-created=1767323045", "-folder="+folder, "-images="+name, "-platforms=linux/"+runtime.GOARCH)
	making.Dir = source
	said, err := making.CombinedOutput()
	if err != nil {
		t.Fatalf("making the image: %v\n%s", err, said)
	}
	read, err := layout.ImageIndexFromPath(filepath.Join(folder, strings.Replace(name, "garboard", "image", 1)))
	must(t, err)
	top, err := read.IndexManifest()
	must(t, err)
	digest := top.Manifests[0].Digest
	if !strings.HasSuffix(string(said), " is "+digest.String()+"\n") {
		t.Errorf("it said %q of %s", said, digest)
	}
	index, err := read.ImageIndex(digest)
	must(t, err)
	images, err := index.IndexManifest()
	must(t, err)
	single, err := index.Image(images.Manifests[0].Digest)
	must(t, err)
	program := programOf(t, single)
	runProgram(t, program)
	return digest, program
}

// runProgram runs the program of an image.
func runProgram(t *testing.T, program []byte) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	if bytes.Contains(program, []byte("k8s.io/client-go/kubernetes.(*Clientset)")) {
		t.Error("the program has client-go's clientset, with the clients of all API groups: 8 MB")
	}
	path := filepath.Join(t.TempDir(), "garboard")
	must(t, os.WriteFile(path, program, 0o700))
	out, err := exec.CommandContext(t.Context(), path, "version").CombinedOutput()
	if want := "garboard v1.2.3 " + runtime.Version() + " linux/" + runtime.GOARCH + "\n"; err != nil || string(out) != want {
		t.Errorf("the program says %q (%v), want %q", out, err, want)
	}
}

func programOf(t *testing.T, of v1.Image) []byte {
	t.Helper()
	reader := mutate.Extract(of)
	defer func() { must(t, reader.Close()) }()
	for archive := tar.NewReader(reader); ; {
		header, err := archive.Next()
		must(t, err)
		if header.Name == "garboard" {
			data, err := io.ReadAll(archive)
			must(t, err)
			return data
		}
	}
}

// copySources copies what the program is built from, as .dockerignore lists it.
func copySources(t *testing.T, to string) {
	t.Helper()
	ignore, err := os.ReadFile("../.dockerignore")
	must(t, err)
	for line := range strings.Lines(string(ignore)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "!")
		if !ok {
			continue
		}
		from := filepath.Join("..", name)
		switch info, err := os.Stat(from); {
		case os.IsNotExist(err):
		case err != nil:
			t.Fatal(err)
		case info.IsDir():
			must(t, os.CopyFS(filepath.Join(to, name), os.DirFS(from)))
		default:
			data, err := os.ReadFile(from)
			must(t, err)
			must(t, os.MkdirAll(to, 0o750))
			must(t, os.WriteFile(filepath.Join(to, name), data, 0o600))
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	given := []string{"--version=v1", "--folder=" + t.TempDir()}
	zeros := strings.Repeat("0", 64)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                 {nil, "--version and --folder are required"},
		"no version":              {append([]string{"image"}, given[1:]...), "--version and --folder are required"},
		"no folder":               {append([]string{"image"}, given[:1]...), "--version and --folder are required"},
		"an argument too many":    {append([]string{"image"}, append(given, "all")...), `["all"]: no arguments are taken after image, only flags`},
		"an unknown command":      {append([]string{"chart"}, given...), `"chart": unknown command; allowed: image, all`},
		"a version of no release": {append([]string{"all"}, given...), `the version is "v1"; allowed: vMAJOR.MINOR.PATCH, and a pre-release such as v0.2.0-rc.1`},
		"a reference that is bad": {append([]string{"image"}, append(given, "--push=a b")...), "reading --push: could not parse reference: a b"},
		"one for a release":       {[]string{"all", "--version=v1.2.3", "--folder=" + t.TempDir(), "--push=a b"}, "reading --push: could not parse reference: a b"},
		"an image that is none":   {append([]string{"image"}, append(given, "--images=server")...), `--images: "server"; allowed: garboard, garboard-page`},
		"a push by digest":        {append([]string{"image"}, append(given, "--push=registry.example.com/garboard@sha256:"+zeros)...), `reading --push: "registry.example.com/garboard@sha256:` + zeros + `": a tag is wanted, not a digest`},
		"a platform that is bad":  {append([]string{"image"}, append(given, "--platforms=linux")...), `"linux" is no platform: want OS/ARCHITECTURE, such as linux/arm64`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(context.Background(), test.args, io.Discard); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
