package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// MaxEntries is how many children or layers a manifest may have. No container
// runtime mounts as many layers, and there are not as many platforms.
const MaxEntries = 1000

// The schema versions of a manifest: 1 is Docker's first format, which
// containerd 2 no longer runs.
const (
	schema1 = 1
	schema2 = 2
)

// Manifest is an OCI image manifest or index, or Docker's equal of the two.
// Fields that are not needed here are not decoded: annotations are a map that the
// whole body could be spent on.
type Manifest struct {
	SchemaVersion int                 `json:"schemaVersion"`
	MediaType     types.MediaType     `json:"mediaType"`
	ArtifactType  types.MediaType     `json:"artifactType"`
	Config        *descriptor         `json:"config"`
	Layers        bounded[descriptor] `json:"layers"`
	Manifests     bounded[descriptor] `json:"manifests"`
	Annotations   annotations         `json:"annotations"`
}

// descriptor is how a manifest names its parts.
type descriptor struct {
	MediaType    types.MediaType `json:"mediaType"`
	ArtifactType types.MediaType `json:"artifactType"`
	Digest       string          `json:"digest"`
	Platform     *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
	} `json:"platform"`
	Annotations annotations `json:"annotations"`
}

// annotations are those of the OCI image specification and of BuildKit that
// bear on the answer.
type annotations struct {
	Created   date   `json:"org.opencontainers.image.created"`
	Reference string `json:"vnd.docker.reference.type"`
}

// attestation is the Reference of BuildKit's provenance and SBOMs.
const attestation = "attestation-manifest"

// bounded is an array of at most MaxEntries. A body in its bounds may hold a
// million empty entries, which take a hundred times its bytes once decoded.
type bounded[T any] []T

// UnmarshalJSON reads entry by entry. An empty array is not nil; null is.
func (b *bounded[T]) UnmarshalJSON(body []byte) error {
	*b = nil
	decoder := json.NewDecoder(bytes.NewReader(body))
	start, err := decoder.Token()
	if err != nil || start == nil {
		return err
	}
	if start != json.Delim('[') {
		return failure.Bad("manifest has no array where one belongs")
	}
	entries := []T{}
	for decoder.More() {
		if len(entries) == MaxEntries {
			return &failure.Error{Kind: failure.TooLarge, Err: errors.New("more entries than are read")}
		}
		var entry T
		if err := decoder.Decode(&entry); err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	*b = entries
	return nil
}

// ReadManifest reads a manifest that an image may stand behind. What it is
// decides the document itself, never a Content-Type: that is not under the
// digest, and proxies send text/plain.
func ReadManifest(body []byte) (Manifest, error) {
	var found Manifest
	if err := decodeObject(body, &found); err != nil {
		return Manifest{}, err
	}
	if err := found.judge(); err != nil {
		return Manifest{}, err
	}
	return found, nil
}

// decodeObject reads one whole JSON object. Its nesting is bounded by
// encoding/json.
func decodeObject(body []byte, into any) error {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return failure.Bad("body is no JSON object")
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*failure.Error](err); ok {
		return known
	}
	return failure.Bad("decoding JSON: %w", err)
}

// judge returns an error unless the document is an index, or the manifest of
// one image.
func (m *Manifest) judge() error {
	single := m.Config != nil || m.Layers != nil
	switch {
	case m.SchemaVersion == schema1:
		return failure.NotImage("manifest is of Docker's schema 1")
	case m.SchemaVersion != schema2:
		return failure.Bad("manifest has no schema version")
	case single && m.Manifests != nil:
		// Readers would differ on what it is (CVE-2021-41190).
		return failure.Bad("manifest is also an index")
	}
	switch {
	case m.MediaType.IsIndex() && single, m.MediaType.IsImage() && m.Manifests != nil:
		return failure.Bad("manifest is not what its media type says")
	case m.MediaType != "" && !m.MediaType.IsIndex() && !m.MediaType.IsImage():
		return failure.NotImage("manifest is of another media type")
	case m.IsIndex():
		return nil
	case m.Config == nil:
		return failure.Bad("manifest has no config")
	case !runnable(m.ArtifactType) || !m.Config.MediaType.IsConfig() || !m.layered():
		// A chart, a plugin, a build cache, a signature, WASM.
		return failure.NotImage("manifest is an artefact's")
	}
	return nil
}

// IsIndex reports whether the document lists other manifests. Where it does not
// say, as OCI's may, its shape does.
func (m *Manifest) IsIndex() bool { return m.MediaType.IsIndex() || m.Manifests != nil }

// Created is when the build was made, where an annotation says so; zero where none does.
func (m *Manifest) Created() time.Time { return time.Time(m.Annotations.Created) }

// layered reports whether an image's layers are there, or none at all. cosign
// signs with the config of an image; its layers alone tell.
func (m *Manifest) layered() bool {
	for _, layer := range m.Layers {
		for _, prefix := range []string{
			"application/vnd.oci.image.layer.",
			"application/vnd.docker.image.rootfs.",
			"application/vnd.erofs",
		} {
			if strings.HasPrefix(string(layer.MediaType), prefix) {
				return true
			}
		}
	}
	return len(m.Layers) == 0
}

// runnable reports an artefact type that images have: none, or that of their
// config, which the OCI specification puts into descriptors.
func runnable(artifactType types.MediaType) bool {
	return artifactType == "" || artifactType.IsConfig()
}

// Child is a manifest in an index.
type Child struct {
	Digest   string
	Platform Platform
	Created  time.Time
	Nested   bool // is an index itself
}

// Children are the images of an index, attestations and other artefacts left
// out.
func (m *Manifest) Children() []Child {
	children := make([]Child, 0, len(m.Manifests))
	for _, d := range m.Manifests {
		nested := d.MediaType.IsIndex()
		if d.Annotations.Reference == attestation || !runnable(d.ArtifactType) ||
			!nested && !d.MediaType.IsImage() {
			continue
		}
		found := Child{Digest: d.Digest, Created: time.Time(d.Annotations.Created), Nested: nested}
		if d.Platform != nil {
			var ok bool
			if found.Platform, ok = declaredPlatform(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant); !ok {
				continue
			}
		}
		children = append(children, found)
	}
	return children
}

// Preferred is the child that dates an index: linux/amd64, else the first. The
// children of one build have dates of one build, so any would nearly do.
func Preferred(children []Child) Child {
	for _, c := range children {
		if !c.Nested && c.Platform == (Platform{OS: "linux", Architecture: "amd64"}) {
			return c
		}
	}
	return children[0]
}
