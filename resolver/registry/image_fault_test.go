package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/document"
)

func TestWhatIsNoImage(t *testing.T) {
	artefact := func(config, layer, more string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,%s"config":{"mediaType":%q,"digest":%q},"layers":[{"mediaType":%q}]}`,
			ociManifest, more, config, someDigest, layer)
	}
	index := func(child string) string { return `{"schemaVersion":2,"manifests":[` + child + `]}` }
	for name, body := range map[string]string{
		"a Helm chart":              artefact("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", ""),
		"a WASM module":             artefact("application/vnd.wasm.config.v0+json", "application/wasm", ""),
		"WASM in an image's config": artefact(ociConfig, "application/wasm", ""),
		"a Docker plugin":           artefact("application/vnd.docker.plugin.v1+json", ociLayer, ""),
		"a signature of cosign, which has an image's config": artefact(ociConfig, "application/vnd.dev.cosign.simplesigning.v1+json", ""),
		"an attestation of BuildKit":                         artefact(ociConfig, "application/vnd.in-toto+json", ""),
		"an artefact with OCI's empty config":                artefact("application/vnd.oci.empty.v1+json", "text/plain", ""),
		"an artefact by its type":                            artefact(ociConfig, ociLayer, `"artifactType":"application/vnd.example",`),
		"an OCI artefact manifest":                           `{"schemaVersion":2,"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[]}`,
		"Docker's schema 1":                                  `{"schemaVersion":1,"name":"a","tag":"1","architecture":"amd64","fsLayers":[],"history":[]}`,
		"a BuildKit cache, an index of layers": index(`{"mediaType":"` + ociLayer + `","digest":"` + someDigest + `"},` +
			`{"mediaType":"application/vnd.buildkit.cacheconfig.v0","digest":"` + someDigest + `"}`),
		"an index of referrers":    index(listed(someDigest, "", `,"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"`)),
		"an index of attestations": index(listed(someDigest, "unknown/unknown", attested)),
		"an index of nothing":      index(""),
		"an index of null":         index("null"),
		"an index of schema 1":     index(strings.Replace(listed(someDigest, "linux/amd64", ""), ociManifest, "application/vnd.docker.distribution.manifest.v1+json", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := s.put(s.manifests, body)
			registry := s.registry(t)
			_, err := client(t).Image(t.Context(), named(registry.repository("a")), digest, Credential{}, true)
			failed := wantError(t, err, NotAnImage)
			if got, want := failed.Summary(), "not a container image"; got != want {
				t.Errorf("summary %q, want %q", got, want)
			}
			wantRequests(t, registry, 1)
		})
	}
}

// What BuildKit attests may stand by itself under a tag.
func TestConfigForNoPlatformIsNoImage(t *testing.T) {
	for _, config := range []string{`{"os":"unknown","architecture":"unknown"}`, `{"os":"li nux","architecture":"amd64"}`} {
		s := newShelf()
		digest := s.single(config, "")
		_, err := client(t).Image(t.Context(), named(s.registry(t).repository("a")), digest, Credential{}, false)
		wantKind(t, err, NotAnImage)
	}
}

func TestImageFaults(t *testing.T) {
	entries := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{},`, n), ",") }
	config := `"config":{"mediaType":"` + ociConfig + `","digest":"` + someDigest + `"}`
	for name, tt := range map[string]struct {
		body string
		kind Kind
	}{
		"HTML":                                    {`<html>`, BadAnswer},
		"null":                                    {`null`, BadAnswer},
		"an array":                                {`[]`, BadAnswer},
		"half an object":                          {`{"schemaVersion":2`, BadAnswer},
		"two objects":                             {`{"schemaVersion":2}{}`, BadAnswer},
		"another object":                          {`{"errors":[]}`, BadAnswer},
		"neither manifest nor index":              {`{"schemaVersion":2}`, BadAnswer},
		"both manifest and index":                 {`{"schemaVersion":2,"manifests":[],` + config + `}`, BadAnswer},
		"an index that says it is a manifest":     {`{"schemaVersion":2,"mediaType":"` + ociManifest + `","manifests":[]}`, BadAnswer},
		"a manifest that says it is an index":     {`{"schemaVersion":2,"mediaType":"` + ociIndex + `",` + config + `}`, BadAnswer},
		"a manifest without config":               {`{"schemaVersion":2,"layers":[]}`, BadAnswer},
		"manifests that are no array":             {`{"schemaVersion":2,"manifests":{}}`, BadAnswer},
		"manifests that are no objects":           {`{"schemaVersion":2,"manifests":[1]}`, BadAnswer},
		"a config whose digest is a path":         {`{"schemaVersion":2,` + strings.Replace(config, someDigest, "../../b/blobs/"+someDigest, 1) + `}`, BadAnswer},
		"a config that the registry has not":      {`{"schemaVersion":2,` + config + `}`, NotFound},
		"more children than are read":             {`{"schemaVersion":2,"manifests":[` + entries(document.MaxEntries+1) + `]}`, TooLarge},
		"more layers than are read":               {`{"schemaVersion":2,"layers":[` + entries(document.MaxEntries+1) + `],` + config + `}`, TooLarge},
		"a million children":                      {`{"schemaVersion":2,"manifests":[` + entries(1_000_000) + `]}`, TooLarge},
		"more bytes than are read":                {`{"schemaVersion":2,"x":"` + strings.Repeat("x", document.MaxManifest) + `"}`, TooLarge},
		"deeper than any":                         {`{"schemaVersion":2,"x":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + `}`, BadAnswer},
		"a child to date it whose digest is none": {`{"schemaVersion":2,"manifests":[` + listed("sha256:..", "linux/amd64", "") + `]}`, BadAnswer},
		"a child to date it that is not there":    {`{"schemaVersion":2,"manifests":[` + listed(someDigest, "linux/amd64", "") + `]}`, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := s.put(s.manifests, tt.body)
			got, err := client(t).Image(t.Context(), named(s.registry(t).repository("a")), digest, Credential{}, true)
			wantKind(t, err, tt.kind)
			if diff := cmp.Diff(Image{}, got); tt.kind != NotFound && diff != "" {
				t.Errorf("an image beside the error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		kind Kind
	}{
		"HTML":                       {`<html>`, BadAnswer},
		"an os that is no text":      {`{"os":1}`, BadAnswer},
		"labels that are no object":  {`{"config":{"Labels":[]}}`, BadAnswer},
		"more bytes than are read":   {`{"x":"` + strings.Repeat("x", document.MaxConfig) + `"}`, TooLarge},
		"a platform outside grammar": {`{"os":"` + strings.Repeat("x", 33) + `"}`, NotAnImage},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := s.single(tt.body, "")
			_, err := client(t).Image(t.Context(), named(s.registry(t).repository("a")), digest, Credential{}, false)
			wantKind(t, err, tt.kind)
		})
	}
}

func TestContentThatIsNotWhatItsDigestSays(t *testing.T) {
	for _, kind := range []string{"manifests", "blobs"} {
		s := newShelf()
		digest := s.single(`{"os":"linux","architecture":"amd64"}`, "")
		where := s.manifests
		if kind == "blobs" {
			where = s.blobs
		}
		for d := range where {
			where[d] += " "
		}
		_, err := client(t).Image(t.Context(), named(s.registry(t).repository("a")), digest, Credential{}, false)
		wantKind(t, err, BadAnswer)
	}
}

func TestImageOfWhatIsNoDigestIsNotAsked(t *testing.T) {
	registry := newFake(t, open(nil))
	c := client(t)
	for _, digest := range []string{"", "1.0", "sha256:", "sha256:../" + someDigest[10:], "md5:0123456789abcdef0123456789abcdef", strings.ToUpper(someDigest)} {
		_, err := c.Image(t.Context(), named(registry.repository("a")), digest, Credential{}, true)
		wantKind(t, err, Blocked)
	}
	if diff := cmp.Diff([]string(nil), registry.since()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A manifest's author and a registry alike could name an address of ours.
func TestConfigIsNotReadFromAnAddressThatIsNotAllowed(t *testing.T) {
	s := newShelf()
	digest := s.single(`{"os":"linux","architecture":"amd64"}`, "")
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/a/manifests/{digest}": says(http.StatusOK, s.manifests[digest]),
		"/v2/a/blobs/{digest}": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
		},
	}))
	_, err := client(t).Image(t.Context(), named(registry.repository("a")), digest, Credential{}, false)
	wantKind(t, err, Blocked)
}

func TestImageRefusals(t *testing.T) {
	for status, kind := range map[int]Kind{
		http.StatusNotFound: NotFound, http.StatusForbidden: Unauthorized,
		http.StatusTooManyRequests: RateLimited, http.StatusBadGateway: Unreachable,
	} {
		registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/{digest}": says(status, "")}))
		_, err := client(t).Image(t.Context(), named(registry.repository("a")), someDigest, Credential{}, false)
		wantKind(t, err, kind)
	}
}
