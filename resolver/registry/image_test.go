package registry

import (
	"context"
	"crypto/sha512"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

func platforms(t *testing.T, texts ...string) []Platform {
	t.Helper()
	var all []Platform
	for _, text := range texts {
		if text == "" {
			all = append(all, Platform{})
			continue
		}
		p, err := ParsePlatform(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestImagePlatforms(t *testing.T) {
	for name, tt := range map[string]struct {
		put       func(s *shelf) string
		platforms []string
		requests  int
	}{
		"an index declares them": {func(s *shelf) string {
			return s.index(listed(someDigest, "linux/amd64", ""), listed(someDigest, "linux/arm64/v8", ""), listed(someDigest, "linux/arm/v7", ""))
		}, []string{"linux/amd64", "linux/arm64", "linux/arm/v7"}, 1},
		"a manifest list of Docker's does": {func(s *shelf) string {
			return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"platform":{"os":"linux","architecture":"s390x"}}]}`,
				dockerList, dockerImage, someDigest))
		}, []string{"linux/s390x"}, 1},
		"an index that does not call itself one is told by its shape": {func(s *shelf) string {
			return s.put(s.manifests, `{"schemaVersion":2,"manifests":[`+listed(someDigest, "linux/amd64", "")+`]}`)
		}, []string{"linux/amd64"}, 1},
		"attestations do not count": {func(s *shelf) string {
			return s.index(listed(someDigest, "linux/amd64", ""), listed(someDigest, "unknown/unknown", attested),
				listed(someDigest, "unknown/unknown", ""), listed(someDigest, "linux/arm64", attested))
		}, []string{"linux/amd64"}, 1},
		"artefacts do not count, an image that calls itself one does": {func(s *shelf) string {
			return s.index(listed(someDigest, "linux/arm64", `,"artifactType":"application/vnd.amazon.soci.index.v2+json"`),
				listed(someDigest, "linux/amd64", fmt.Sprintf(`,"artifactType":%q`, ociConfig)))
		}, []string{"linux/amd64"}, 1},
		"a child without a platform runs everywhere": {func(s *shelf) string {
			return s.index(listed(someDigest, "linux/amd64", ""), listed(someDigest, "", ""))
		}, []string{"linux/amd64", ""}, 1},
		"versions of Windows are one platform": {func(s *shelf) string {
			windows := fmt.Sprintf(`{"mediaType":%q,"digest":%q,"platform":{"os":"windows","architecture":"amd64","os.version":"10.0.`, ociManifest, someDigest)
			return s.index(windows+`17763.1"}}`, windows+`20348.1"}}`)
		}, []string{"windows/amd64"}, 1},
		"an index in an index counts with the platform it is given": {func(s *shelf) string {
			return s.index(strings.Replace(listed(someDigest, "linux/amd64", ""), ociManifest, ociIndex, 1))
		}, []string{"linux/amd64"}, 1},
		"a platform outside the grammar is nobody's": {func(s *shelf) string {
			return s.index(listed(someDigest, "linux/amd64", ""), listed(someDigest, "linux/am d64", ""), listed(someDigest, "linux/"+strings.Repeat("x", 33), ""))
		}, []string{"linux/amd64"}, 1},
		"the config of a single manifest declares it": {func(s *shelf) string {
			return s.single(`{"os":"linux","architecture":"arm","variant":"v6"}`, "")
		}, []string{"linux/arm/v6"}, 2},
		"a single manifest of Docker's": {func(s *shelf) string {
			return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip"}]}`,
				dockerImage, dockerConfig, s.put(s.blobs, `{"os":"linux","architecture":"amd64"}`)))
		}, []string{"linux/amd64"}, 2},
		"an image without layers is one": {func(s *shelf) string {
			return s.put(s.manifests, fmt.Sprintf(`{"schemaVersion":2,"config":{"mediaType":%q,"digest":%q},"layers":[]}`,
				ociConfig, s.put(s.blobs, `{"os":"linux","architecture":"amd64"}`)))
		}, []string{"linux/amd64"}, 2},
		"a config that declares nothing runs everywhere": {func(s *shelf) string {
			return s.single(`{}`, "")
		}, []string{""}, 2},
		"of keys that stand twice the last counts": {func(s *shelf) string {
			return s.single(`{"os":"windows","os":"linux","architecture":"amd64"}`, `"schemaVersion":2,`)
		}, []string{"linux/amd64"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := tt.put(s)
			registry := s.registry(t)
			got, err := client(t).Image(t.Context(), named(registry.repository("a")), digest, Credential{}, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Image{Platforms: platforms(t, tt.platforms...)}, got); diff != "" {
				t.Errorf("image (-want +got):\n%s", diff)
			}
			wantRequests(t, registry, tt.requests)
		})
	}
}

// wantRequests counts those beside the ping.
func wantRequests(t *testing.T, registry *fake, want int) {
	t.Helper()
	if calls := registry.since(); len(calls)-1 != want {
		t.Errorf("asked %q, want %d requests and the ping", calls, want)
	}
}

func TestImageCreated(t *testing.T) {
	const amd64 = `{"os":"linux","architecture":"amd64","created":"` + dated2023 + `"}`
	annotated := `"annotations":{"org.opencontainers.image.created":"` + dated2024 + `"},`
	described := `,"annotations":{"org.opencontainers.image.created":"` + dated2024 + `"}`
	for name, tt := range map[string]struct {
		put      func(s *shelf) string
		want     string // "" for none
		requests int
	}{
		"the index says it": {func(s *shelf) string {
			return s.put(s.manifests, `{"schemaVersion":2,`+annotated+`"manifests":[`+listed(someDigest, "linux/amd64", "")+`]}`)
		}, dated2024, 1},
		"the index says it of its child": {func(s *shelf) string {
			return s.index(listed(someDigest, "linux/amd64", described))
		}, dated2024, 1},
		"the child's manifest says it": {func(s *shelf) string {
			return s.index(listed(s.single(amd64, annotated), "linux/amd64", ""))
		}, dated2024, 2},
		"the child's config says it": {func(s *shelf) string {
			return s.index(listed(s.single(amd64, ""), "linux/amd64", ""))
		}, dated2023, 3},
		"linux/amd64 dates an index": {func(s *shelf) string {
			return s.index(listed(someDigest, "unknown/unknown", attested), listed(someDigest, "linux/arm64", ""), listed(s.single(amd64, ""), "linux/amd64", ""))
		}, dated2023, 3},
		"without linux/amd64 the first image does": {func(s *shelf) string {
			return s.index(listed(someDigest, "unknown/unknown", attested), listed(s.single(amd64, ""), "linux/arm64", ""), listed(someDigest, "linux/s390x", ""))
		}, dated2023, 3},
		"an index in an index is not followed further": {func(s *shelf) string {
			inner := s.index(listed(s.single(amd64, ""), "linux/amd64", ""))
			return s.index(strings.Replace(listed(inner, "linux/amd64", ""), ociManifest, ociIndex, 1))
		}, "", 2},
		"a single manifest says it": {func(s *shelf) string { return s.single(amd64, annotated) }, dated2024, 2},
		"its config says it":        {func(s *shelf) string { return s.single(amd64, "") }, dated2023, 2},
		"its config's label says it": {func(s *shelf) string {
			return s.single(`{"created":null,"config":{"Labels":{"org.opencontainers.image.created":"`+dated2023+`"}}}`, "")
		}, dated2023, 2},
		"nothing says it":            {func(s *shelf) string { return s.single(`{"config":{"Labels":null}}`, "") }, "", 2},
		"1970 is no date":            {func(s *shelf) string { return s.single(`{"created":"1970-01-01T00:00:00Z"}`, "") }, "", 2},
		"1980 is no date":            {func(s *shelf) string { return s.single(`{"created":"1980-01-01T00:00:01Z"}`, "") }, "", 2},
		"the year 1 is no date":      {func(s *shelf) string { return s.single(`{"created":"0001-01-01T00:00:00Z"}`, "") }, "", 2},
		"1990 by its own zone alone": {func(s *shelf) string { return s.single(`{"created":"1990-01-01T01:00:00+02:00"}`, "") }, "", 2},
		"words are no date":          {func(s *shelf) string { return s.single(`{"created":"yesterday"}`, "") }, "", 2},
		"a number is no date":        {func(s *shelf) string { return s.single(`{"created":1714979289}`, "") }, "", 2},
		"an annotation that is no date gives way to the config": {func(s *shelf) string {
			return s.single(amd64, strings.Replace(annotated, dated2024, "1970-01-01T00:00:00Z", 1))
		}, dated2023, 2},
		"a zone and a fraction are UTC in the end": {func(s *shelf) string {
			return s.single(`{"created":"2024-05-06T09:08:09.000000000+02:00"}`, "")
		}, dated2024, 2},
		"the future is the caller's matter": {func(s *shelf) string { return s.single(`{"created":"2999-01-01T00:00:00Z"}`, "") }, "2999-01-01T00:00:00Z", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := tt.put(s)
			registry := s.registry(t)
			got, err := client(t).Image(t.Context(), named(registry.repository("a")), digest, Credential{}, true)
			if err != nil {
				t.Fatal(err)
			}
			var want time.Time
			if tt.want != "" {
				if want, err = time.Parse(time.RFC3339, tt.want); err != nil {
					t.Fatal(err)
				}
			}
			if !got.Created.Equal(want) || got.Created.Location() != time.UTC {
				t.Errorf("created %s, want %s", got.Created, want)
			}
			wantRequests(t, registry, tt.requests)
		})
	}
}

func TestImageBySHA512(t *testing.T) {
	s := newShelf()
	body := s.manifests[s.index(listed(someDigest, "linux/amd64", ""))]
	digest := fmt.Sprintf("sha512:%x", sha512.Sum512([]byte(body)))
	s.manifests[digest] = body
	got, err := client(t).Image(t.Context(), named(s.registry(t).repository("a")), digest, Credential{}, false)
	if err != nil || !got.Runs(Platform{OS: "linux", Architecture: "amd64"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	s.manifests[digest] = body + " "
	_, err = client(t).Image(t.Context(), named(s.registry(t).repository("a")), digest, Credential{}, false)
	wantKind(t, err, BadAnswer)
}

// Config blobs of Docker Hub, ECR and most others lie in a store elsewhere.
func TestConfigIsReadFromTheStoreWithoutCredentials(t *testing.T) {
	s := newShelf()
	const config = `{"os":"linux","architecture":"arm64"}`
	digest := s.single(config, "")
	store := newFake(t, says(http.StatusOK, config))
	registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		case strings.Contains(r.URL.Path, "/blobs/"):
			http.Redirect(w, r, store.URL+"/store?signature=x", http.StatusTemporaryRedirect)
		default:
			_, _ = fmt.Fprint(w, s.manifests[digest])
		}
	}))
	got, err := client(t).Image(t.Context(), named(registry.repository("a")), digest, auth.Basic("user", "pass"), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(platforms(t, "linux/arm64"), got.Platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /store"}, store.since()); diff != "" {
		t.Errorf("the store saw (-want +got):\n%s", diff)
	}
}

func TestImageIsGivenUpWithItsCaller(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/{digest}": func(_ http.ResponseWriter, r *http.Request) {
		leave()
		<-r.Context().Done()
	}}))
	_, err := client(t).Image(ctx, named(registry.repository("a")), someDigest, Credential{}, false)
	wantKind(t, err, Timeout)
}
