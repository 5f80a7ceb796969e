package image_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/garboard-dev/garboard/release/image"
)

var about = image.About{Version: "v1.2.3", Revision: "abc", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

// assembled is an image for two platforms.
func assembled(t *testing.T) *image.Image {
	t.Helper()
	var programs []image.Program
	for _, architecture := range []string{"amd64", "arm64"} {
		path := filepath.Join(t.TempDir(), "garboard")
		must(t, os.WriteFile(path, []byte("a program for "+architecture), 0o600))
		programs = append(programs, image.Program{OS: "linux", Architecture: architecture, Path: path, SBOM: []byte(`{"for":"` + architecture + `"}`)})
	}
	made, err := image.Assemble(about, programs)
	must(t, err)
	return made
}

func TestImageOfEachPlatform(t *testing.T) {
	made := assembled(t).Index
	index, err := made.IndexManifest()
	must(t, err)
	if len(index.Manifests) != 2 {
		t.Fatalf("there are %d images, want 2", len(index.Manifests))
	}
	for i, architecture := range []string{"amd64", "arm64"} {
		if got := index.Manifests[i].Platform.String(); got != "linux/"+architecture {
			t.Errorf("image %d is for %s, want linux/%s", i, got, architecture)
		}
		single, err := made.Image(index.Manifests[i].Digest)
		must(t, err)
		config, err := single.ConfigFile()
		must(t, err)
		if config.Architecture != architecture || config.OS != "linux" || !config.Created.Equal(about.Created) {
			t.Errorf("the configuration is for %s/%s of %s", config.OS, config.Architecture, config.Created)
		}
		if got := config.Config; got.User != "65532:65532" || !cmp.Equal(got.Entrypoint, []string{"/garboard"}) {
			t.Errorf("it runs %v as %s", got.Entrypoint, got.User)
		}
		manifest, err := single.Manifest()
		must(t, err)
		for _, labels := range []map[string]string{config.Config.Labels, manifest.Annotations, index.Annotations} {
			for key, want := range map[string]string{"title": "Garboard", "version": "v1.2.3", "revision": "abc", "licenses": "Apache-2.0", "created": "2026-01-02T03:04:05Z"} {
				if got := labels["org.opencontainers.image."+key]; got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
		}
		if got := filesOf(t, single)["garboard"]; got.mode != 0o755 || string(got.data) != "a program for "+architecture {
			t.Errorf("the program is %q with mode %o", got.data, got.mode)
		}
	}
}

type file struct {
	mode  fs.FileMode
	owner int
	data  []byte
}

// filesOf are the files of all layers.
func filesOf(t *testing.T, of v1.Image) map[string]file {
	t.Helper()
	reader := mutate.Extract(of)
	defer func() { must(t, reader.Close()) }()
	files := map[string]file{}
	for archive := tar.NewReader(reader); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		data, err := io.ReadAll(archive)
		must(t, err)
		files[strings.TrimSuffix(header.Name, "/")] = file{fs.FileMode(header.Mode), header.Uid, data}
	}
}

func TestWhatAProgramNeedsOfItsSystem(t *testing.T) {
	made := assembled(t).Index
	index, err := made.IndexManifest()
	must(t, err)
	single, err := made.Image(index.Manifests[0].Digest)
	must(t, err)
	files := filesOf(t, single)
	for path, want := range map[string]file{
		"tmp":          {mode: 0o1777},
		"home/nonroot": {mode: 0o700, owner: 65532},
		"etc/passwd":   {mode: 0o644}, "etc/group": {mode: 0o644}, "etc/nsswitch.conf": {mode: 0o644},
		"etc/ssl/certs/ca-certificates.crt": {mode: 0o644},
	} {
		got, ok := files[path]
		if !ok || got.mode != want.mode || got.owner != want.owner {
			t.Errorf("%s: mode %o of %d (%v), want mode %o of %d", path, got.mode, got.owner, ok, want.mode, want.owner)
		}
	}
	if got := bytes.Count(files["etc/ssl/certs/ca-certificates.crt"].data, []byte("BEGIN CERTIFICATE")); got < 100 {
		t.Errorf("there are %d certificate authorities, want 100 and more", got)
	}
	for _, shell := range []string{"bin", "sbin", "usr"} {
		if _, ok := files[shell]; ok {
			t.Errorf("the image has /%s", shell)
		}
	}
}

func TestLayout(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "image")
	made := assembled(t)
	must(t, made.WriteLayout(folder, "v1.2.3"))
	must(t, made.WriteLayout(folder, "v1.2.3")) // a second build, into the same folder
	read, err := layout.ImageIndexFromPath(folder)
	must(t, err)
	top, err := read.IndexManifest()
	must(t, err)
	if len(top.Manifests) != 3 {
		t.Fatalf("the layout has %d entries, want the image and two bills of materials", len(top.Manifests))
	}
	if got := top.Manifests[0].Annotations["org.opencontainers.image.ref.name"]; got != "v1.2.3" {
		t.Errorf("the image's name is %q, want its version", got)
	}
	image, err := read.ImageIndex(top.Manifests[0].Digest)
	must(t, err)
	must(t, validate.Index(image))
	for _, entry := range top.Manifests[1:] {
		if entry.ArtifactType != "application/spdx+json" {
			t.Errorf("an entry is a %q, want a bill of materials", entry.ArtifactType)
		}
	}
}

func TestFolderOfOthersIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "thesis"), nil, 0o600))
	err := assembled(t).WriteLayout(folder, "v1.2.3")
	if err == nil || !strings.HasSuffix(err.Error(), "has files, and is no OCI layout: name another folder") {
		t.Errorf("got %v", err)
	}
	_, err = os.Stat(filepath.Join(folder, "thesis"))
	must(t, err)
}

func TestPush(t *testing.T) {
	for how, referrers := range map[string]bool{"with the referrers API": true, "by tags, without it": false} {
		t.Run("bills of materials are found "+how, func(t *testing.T) {
			server := httptest.NewServer(registry.New(registry.WithReferrersSupport(referrers), registry.Logger(log.New(io.Discard, "", 0))))
			t.Cleanup(server.Close)
			reference := strings.TrimPrefix(server.URL, "http://") + "/garboard:v1.2.3"
			made := assembled(t)
			must(t, made.Push(t.Context(), reference))
			must(t, made.Push(t.Context(), reference))

			tag, err := name.ParseReference(reference)
			must(t, err)
			pushed, err := remote.Index(tag)
			must(t, err)
			must(t, validate.Index(pushed))
			want, err := made.Digest()
			must(t, err)
			if got, err := pushed.Digest(); err != nil || got != want {
				t.Errorf("the registry has %s (%v), want %s", got, err, want)
			}
			manifest, err := pushed.IndexManifest()
			must(t, err)
			for _, single := range manifest.Manifests {
				if got := billOf(t, tag.Context().Digest(single.Digest.String())); got != single.Platform.Architecture {
					t.Errorf("the bill of materials of %s is for %q", single.Platform, got)
				}
			}
		})
	}
}

// billOf is what the one bill of materials of an image is for.
func billOf(t *testing.T, image name.Digest) string {
	t.Helper()
	index, err := remote.Referrers(image)
	must(t, err)
	found, err := index.IndexManifest()
	must(t, err)
	if len(found.Manifests) != 1 {
		t.Fatalf("the referrers are %v, want one", found.Manifests)
	}
	artifact, err := remote.Image(image.Context().Digest(found.Manifests[0].Digest.String()))
	must(t, err)
	if got, err := partial.ArtifactType(artifact); err != nil || got != "application/spdx+json" {
		t.Errorf("the referrer is a %q (%v), want a bill of materials", got, err)
	}
	layers, err := artifact.Layers()
	must(t, err)
	content, err := layers[0].Compressed()
	must(t, err)
	var bill struct{ For string }
	must(t, json.NewDecoder(content).Decode(&bill))
	must(t, content.Close())
	return bill.For
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
