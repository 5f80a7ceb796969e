package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// SPDX is the media type of a bill of materials, and the type of the artifact that has it.
const SPDX = "application/spdx+json"

// nothing is the content of a configuration that says nothing.
var nothing = []byte("{}") //nolint:gochecknoglobals // OCI's constant

// attachment is an artifact with one layer that refers to an image, as the OCI image
// specification has it from 1.1.
type attachment struct{ manifest, content []byte }

// manifest is OCI's, with the type of an artifact, which v1.Manifest does not have.
type manifest struct {
	SchemaVersion int64             `json:"schemaVersion"`
	MediaType     types.MediaType   `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        v1.Descriptor     `json:"config"`
	Layers        []v1.Descriptor   `json:"layers"`
	Subject       *v1.Descriptor    `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

func attach(subject v1.Image, about About, content []byte) (v1.Image, error) {
	to, err := partial.Descriptor(subject)
	if err != nil {
		return nil, fmt.Errorf("describing the image: %w", err)
	}
	config, err := describe("application/vnd.oci.empty.v1+json", nothing)
	if err != nil {
		return nil, err
	}
	layer, err := describe(SPDX, content)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: SPDX,
		Config: config, Layers: []v1.Descriptor{layer},
		Subject:     &v1.Descriptor{MediaType: to.MediaType, Digest: to.Digest, Size: to.Size},
		Annotations: map[string]string{"org.opencontainers.image.created": about.labels()["org.opencontainers.image.created"]},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	made, err := partial.CompressedToImage(&attachment{raw, content})
	if err != nil {
		return nil, fmt.Errorf("making the artifact: %w", err)
	}
	return made, nil
}

func describe(mediaType types.MediaType, content []byte) (v1.Descriptor, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("computing a digest: %w", err)
	}
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: size}, nil
}

// RawConfigFile implements partial.CompressedImageCore, as the methods below do.
func (a *attachment) RawConfigFile() ([]byte, error) { return nothing, nil }

// MediaType is that of the manifest.
func (a *attachment) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// RawManifest is the manifest with its subject.
func (a *attachment) RawManifest() ([]byte, error) { return a.manifest, nil }

// LayerByDigest is asked for the one layer.
func (a *attachment) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	return blob{digest, a.content}, nil
}

// blob is a layer that is stored as it is.
type blob struct {
	digest  v1.Hash
	content []byte
}

// Digest implements partial.CompressedLayer, as the methods below do.
func (b blob) Digest() (v1.Hash, error) { return b.digest, nil }

// Compressed is the content, which nothing compresses.
func (b blob) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.content)), nil
}

// Size is in bytes.
func (b blob) Size() (int64, error) { return int64(len(b.content)), nil }

// MediaType is that of the content.
func (b blob) MediaType() (types.MediaType, error) { return SPDX, nil }
