package document

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// MaxManifest is what registries themselves allow.
const MaxManifest = 4 << 20

// AcceptManifests is one and the same for every request: a registry that is not
// asked for indexes may convert one, and the digest is another then.
var AcceptManifests = strings.Join([]string{ //nolint:gochecknoglobals // a constant that Go cannot spell as one
	string(types.OCIImageIndex),
	string(types.DockerManifestList),
	string(types.OCIManifestSchema1),
	string(types.DockerManifestSchema2),
}, ", ")

var digestPattern = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)

// ValidDigest reports whether a text is a digest as registries are believed to
// name one.
func ValidDigest(text string) bool { return digestPattern.MatchString(text) }

// ReadDigest reads the header that names a manifest's digest, and false where it
// is missing or of an algorithm that is not verified here.
func ReadDigest(header http.Header) (digest string, ok bool) {
	digest = header.Get("Docker-Content-Digest")
	return digest, digestPattern.MatchString(digest)
}

// ManifestDigest hashes what is a manifest by its first field: pages of proxies
// come with status 200, too, and have a hash.
func ManifestDigest(body []byte) (string, error) {
	var manifest struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) ||
		json.Unmarshal(body, &manifest) != nil || manifest.SchemaVersion != schema2 {
		return "", failure.Bad("response is not a manifest")
	}
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// HashesTo reports whether a digest of digestPattern is that of the content.
func HashesTo(content []byte, digest string) bool {
	algorithm, want, _ := strings.Cut(digest, ":")
	if algorithm == "sha512" {
		sum := sha512.Sum512(content)
		return hex.EncodeToString(sum[:]) == want
	}
	sum := sha256.Sum256(content)
	return algorithm == "sha256" && hex.EncodeToString(sum[:]) == want
}
