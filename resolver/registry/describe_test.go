package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	at := func(text string) time.Time {
		t.Helper()
		date, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return date
	}
	annotations := func(fields ...string) string { return `"annotations":{` + strings.Join(fields, ",") + `},` }
	const (
		source   = `"org.opencontainers.image.source":"https://example.com/app"`
		revision = `"org.opencontainers.image.revision":"4f2c"`
		other    = `"org.opencontainers.image.source":"https://example.com/fork"`
		url      = `"org.opencontainers.image.url":"https://example.com"`
		config   = `{"os":"linux","architecture":"amd64","created":"` + dated2023 + `","config":{"Labels":{` + other + `,` + url + `}}}`
	)
	sized := func(s *shelf, config, more string) string {
		return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,%s"config":{"mediaType":%q,"digest":%q,"size":100},"layers":[{"mediaType":%q,"size":5000}]}`,
			more, ociConfig, s.put(s.blobs, config), ociLayer))
	}
	amd64, arm64 := platforms(t, "linux/amd64")[0], platforms(t, "linux/arm64")[0]
	for name, tt := range map[string]struct {
		put      func(s *shelf) string
		want     Description
		requests int
	}{
		"the image of one platform": {
			func(s *shelf) string { return sized(s, config, annotations(source, revision)) },
			Description{
				Created: at(dated2023), Platforms: []Platform{amd64}, Size: 5100, SizeOf: amd64,
				Links: Links{Source: "https://example.com/app", Revision: "4f2c", URL: "https://example.com"},
			}, 2,
		},
		"an index, which tells of itself first": {
			func(s *shelf) string {
				child := sized(s, config, annotations(revision))
				return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,%s"manifests":[%s,%s]}`, ociIndex,
					annotations(source, `"org.opencontainers.image.created":"`+dated2024+`"`), listed(someDigest, "linux/arm64", ""), listed(child, "linux/amd64", "")))
			},
			Description{
				Created: at(dated2024), Platforms: []Platform{arm64, amd64}, Size: 5100, SizeOf: amd64,
				Links: Links{Source: "https://example.com/app", Revision: "4f2c", URL: "https://example.com"},
			}, 3,
		},
		"an index in an index is not followed further": {
			func(s *shelf) string {
				inner := s.index(listed(sized(s, config, ""), "linux/amd64", ""))
				return s.index(strings.Replace(listed(inner, "linux/amd64", ""), ociManifest, ociIndex, 1))
			},
			Description{Platforms: []Platform{amd64}}, 2,
		},
		"an image that says nothing": {
			func(s *shelf) string { return s.single(`{"os":"linux","architecture":"amd64"}`, "") },
			Description{Platforms: []Platform{amd64}, SizeOf: amd64}, 2,
		},
		"what a layer's urls name is not asked": {
			func(s *shelf) string {
				return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,"config":{"mediaType":%q,"digest":%q},"layers":[{"mediaType":%q,"urls":["http://127.0.0.1:1/x"]}]}`,
					ociConfig, s.put(s.blobs, `{"os":"linux","architecture":"amd64"}`), ociLayer))
			},
			Description{Platforms: []Platform{amd64}, SizeOf: amd64}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := tt.put(s)
			registry := s.registry(t)
			got, err := client(t).Describe(t.Context(), named(registry.repository("a")), digest, Credential{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			wantRequests(t, registry, tt.requests)
		})
	}
}

func TestDescribeRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		digest func(s *shelf) string
		kind   Kind
	}{
		"a digest that is none":   {func(*shelf) string { return "sha256:../../secret" }, Blocked},
		"what is not there":       {func(*shelf) string { return someDigest }, NotFound},
		"an index without images": {func(s *shelf) string { return s.index() }, NotAnImage},
		"a body of another digest": {func(s *shelf) string {
			s.manifests[someDigest] = `{"schemaVersion":2}`
			return someDigest
		}, BadAnswer},
		"more platforms than are kept": {func(s *shelf) string {
			var all []string
			for i := range maxPlatforms + 1 {
				all = append(all, listed(someDigest, fmt.Sprintf("linux/a%d", i), ""))
			}
			return s.index(all...)
		}, TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := tt.digest(s)
			registry := s.registry(t)
			_, err := client(t).Describe(t.Context(), named(registry.repository("a")), digest, Credential{})
			wantKind(t, err, tt.kind)
		})
	}
}
