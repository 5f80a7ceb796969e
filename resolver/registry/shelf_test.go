package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// shelf is what a fake registry has, by digest.
type shelf struct {
	manifests, blobs map[string]string
}

func newShelf() *shelf { return &shelf{manifests: map[string]string{}, blobs: map[string]string{}} }

// put keeps a body and returns its digest.
func (s *shelf) put(where map[string]string, body string) string {
	digest := sha256Of(body)
	where[digest] = body
	return digest
}

func (s *shelf) registry(t *testing.T) *fake {
	t.Helper()
	from := func(where map[string]string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, ok := where[r.PathValue("digest")]
			if !ok {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8") // as odd as they come
			_, _ = fmt.Fprint(w, body)
		}
	}
	return newFake(t, open(map[string]http.HandlerFunc{
		"/v2/a/manifests/{digest}": from(s.manifests),
		"/v2/a/blobs/{digest}":     from(s.blobs),
	}))
}

const (
	ociIndex     = "application/vnd.oci.image.index.v1+json"
	ociManifest  = "application/vnd.oci.image.manifest.v1+json"
	ociConfig    = "application/vnd.oci.image.config.v1+json"
	dockerList   = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerImage  = "application/vnd.docker.distribution.manifest.v2+json"
	dockerConfig = "application/vnd.docker.container.image.v1+json"
	ociLayer     = "application/vnd.oci.image.layer.v1.tar+gzip"
	dated2024    = "2024-05-06T07:08:09Z"
	dated2023    = "2023-01-02T03:04:05Z"
)

// single is an OCI manifest of a config and one layer; more goes before them.
func (s *shelf) single(config, more string) string {
	return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,%s"config":{"mediaType":%q,"digest":%q},"layers":[{"mediaType":%q}]}`,
		more, ociConfig, s.put(s.blobs, config), ociLayer))
}

func (s *shelf) index(children ...string) string {
	return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[%s]}`, ociIndex, strings.Join(children, ",")))
}

// listed is a child of an index; more goes behind.
func listed(digest, platform, more string) string {
	if platform != "" {
		var parts [3]string
		copy(parts[:], strings.Split(platform, "/"))
		more += fmt.Sprintf(`,"platform":{"os":%q,"architecture":%q,"variant":%q}`, parts[0], parts[1], parts[2])
	}
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q%s}`, ociManifest, digest, more)
}

const attested = `,"annotations":{"vnd.docker.reference.type":"attestation-manifest"}`
