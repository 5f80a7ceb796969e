package document

import (
	"fmt"
	"strings"
)

const (
	someDigest  = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
	dated2024   = "2024-05-06T07:08:09Z"
	dated2023   = "2023-01-02T03:04:05Z"
	attested    = `,"annotations":{"vnd.docker.reference.type":"attestation-manifest"}`
)

// listed is a child of an index; more goes behind.
func listed(digest, platform, more string) string {
	parts := strings.Split(platform+"//", "/")
	more += fmt.Sprintf(`,"platform":{"os":%q,"architecture":%q,"variant":%q}`, parts[0], parts[1], parts[2])
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q%s}`, ociManifest, digest, more)
}
