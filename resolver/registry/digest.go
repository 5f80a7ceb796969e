package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxManifest is what registries themselves allow.
const maxManifest = 4 << 20

// acceptManifests is one and the same for every request: a registry that is not
// asked for indexes may convert one, and the digest is another then.
var acceptManifests = strings.Join([]string{ //nolint:gochecknoglobals // a constant that Go cannot spell as one
	string(types.OCIImageIndex),
	string(types.DockerManifestList),
	string(types.OCIManifestSchema1),
	string(types.DockerManifestSchema2),
}, ", ")

var digestPattern = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)

// ValidDigest reports whether a text is a digest as registries are believed to
// name one.
func ValidDigest(text string) bool { return digestPattern.MatchString(text) }

func (s *session) digest(ctx context.Context, tag string) (string, error) {
	u := s.url("manifests", tag)
	resp, err := s.do(ctx, http.MethodHead, u, acceptManifests)
	if err != nil {
		return "", err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		drain(resp)
		if digest, ok := digestOf(resp.Header); ok {
			return digest, nil
		}
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		drain(resp)
	default:
		return "", s.client.failure(resp)
	}
	return s.hash(ctx, u)
}

// hash reads the manifest itself, for proxies that drop the digest's header.
func (s *session) hash(ctx context.Context, u *url.URL) (string, error) {
	resp, err := s.do(ctx, http.MethodGet, u, acceptManifests)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", s.client.failure(resp)
	}
	defer drain(resp)
	body, err := readBody(ctx, resp.Body, maxManifest)
	if err != nil {
		return "", err
	}
	return manifestDigest(body)
}

// digestOf reads the header that names a manifest's digest, and false where it
// is missing or of an algorithm that is not verified here.
func digestOf(header http.Header) (digest string, ok bool) {
	digest = header.Get("Docker-Content-Digest")
	return digest, digestPattern.MatchString(digest)
}

// manifestDigest hashes what is a manifest by its first field: pages of proxies
// come with status 200, too, and have a hash.
func manifestDigest(body []byte) (string, error) {
	var manifest struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) ||
		json.Unmarshal(body, &manifest) != nil || manifest.SchemaVersion != schema2 {
		return "", badAnswer("manifest is none")
	}
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
