package image

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// About is what the image says of itself.
type About struct {
	// Title and Description say what it is. The default is Garboard itself.
	Title, Description string
	// Version is that of the program, such as v0.1.0.
	Version string
	// Revision is the commit that it was built from.
	Revision string
	// Created is the time of that commit, and not of the build: two builds give one image.
	Created time.Time
}

// labels are those of the image's configuration, and the annotations of its manifests.
func (a About) labels() map[string]string {
	const home = "https://github.com/garboard-dev/garboard"
	return map[string]string{
		"org.opencontainers.image.title":         cmp.Or(a.Title, "Garboard"),
		"org.opencontainers.image.description":   cmp.Or(a.Description, "Keeps the images of Kubernetes workloads at the newest version that their policy allows"),
		"org.opencontainers.image.url":           home,
		"org.opencontainers.image.source":        home,
		"org.opencontainers.image.documentation": home + "/blob/" + a.Version + "/docs/install.md",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.version":       a.Version,
		"org.opencontainers.image.revision":      a.Revision,
		"org.opencontainers.image.created":       a.Created.UTC().Format(time.RFC3339),
	}
}

// Program is a build for one platform.
type Program struct {
	OS, Architecture string
	// Path is the built file.
	Path string
	// SBOM is the bill of materials of an image with this program, as SPDX JSON.
	SBOM []byte
}

// Image is an image of all platforms, and what is attached to it.
type Image struct {
	Index v1.ImageIndex
	// SBOMs are in the order of the programs, each with an image of Index as its subject.
	SBOMs []v1.Image
}

// Assemble makes the image of some programs.
func Assemble(about About, programs []Program) (*Image, error) {
	files, err := layerOf(base())
	if err != nil {
		return nil, err
	}
	annotated := mutate.Annotations(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), about.labels())
	made := &Image{Index: annotated.(v1.ImageIndex)}
	for _, program := range programs {
		single, err := assembleOne(about, files, program)
		if err != nil {
			return nil, fmt.Errorf("making the image for %s/%s: %w", program.OS, program.Architecture, err)
		}
		made.Index = mutate.AppendManifests(made.Index, mutate.IndexAddendum{
			Add: single, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: program.OS, Architecture: program.Architecture}},
		})
		sbom, err := attach(single, about, program.SBOM)
		if err != nil {
			return nil, fmt.Errorf("attaching the bill of materials for %s/%s: %w", program.OS, program.Architecture, err)
		}
		made.SBOMs = append(made.SBOMs, sbom)
	}
	return made, nil
}

func assembleOne(about About, files v1.Layer, program Program) (v1.Image, error) {
	binary, err := os.ReadFile(program.Path)
	if err != nil {
		return nil, fmt.Errorf("reading the program: %w", err)
	}
	layer, err := layerOf([]file{{name: "garboard", mode: 0o755, data: binary}})
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: about.Created.UTC()}
	made, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON),
		mutate.Addendum{Layer: files, History: v1.History{Created: created, CreatedBy: "accounts and certificates (" + CertificatesModule + ")"}},
		mutate.Addendum{Layer: layer, History: v1.History{Created: created, CreatedBy: "go build ./cmd/garboard"}})
	if err != nil {
		return nil, fmt.Errorf("adding the layers: %w", err)
	}
	config, err := made.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = program.OS, program.Architecture, created
	config.Config = v1.Config{
		User:       strconv.Itoa(user) + ":" + strconv.Itoa(user),
		Entrypoint: []string{"/garboard"},
		WorkingDir: "/home/nonroot",
		Env:        []string{"PATH=/", "SSL_CERT_FILE=" + certificates},
		Labels:     about.labels(),
	}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return mutate.Annotations(made, about.labels()).(v1.Image), nil
}

// layerOf compresses as well as gzip can: an image is packed once and pulled by every node.
func layerOf(files []file) (v1.Layer, error) {
	data, err := archive(files)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("compressing a layer: %w", err)
	}
	return layer, nil
}
