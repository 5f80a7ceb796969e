package registry

import (
	"io"
	"log"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// realImage is what a builder makes for a platform, on a date.
func realImage(t *testing.T, platform v1.Platform, created time.Time) v1.Image {
	t.Helper()
	image, err := random.Image(16, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created = v1.Time{Time: created}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

func addendum(image v1.Image, platform v1.Platform, annotations map[string]string) mutate.IndexAddendum {
	return mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Platform: &platform, Annotations: annotations,
	}}
}

// Images as their builders push them, in go-containerregistry's own registry.
func TestRealImages(t *testing.T) {
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	repository := server.Listener.Addr().String() + "/team/app"

	built := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	amd64 := v1.Platform{OS: "linux", Architecture: "amd64"}
	arm64 := v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	oci := func(image v1.Image) v1.Image {
		return mutate.ConfigMediaType(mutate.MediaType(image, types.OCIManifestSchema1), types.OCIConfigJSON)
	}
	attestation := addendum(oci(realImage(t, v1.Platform{OS: "unknown", Architecture: "unknown"}, time.Time{})),
		v1.Platform{OS: "unknown", Architecture: "unknown"},
		map[string]string{"vnd.docker.reference.type": "attestation-manifest"})
	index := func(children ...mutate.IndexAddendum) v1.ImageIndex {
		return mutate.IndexMediaType(mutate.AppendManifests(empty.Index, children...), types.OCIImageIndex)
	}
	for name, tt := range map[string]struct {
		pushed    remote.Taggable
		platforms []string
		created   time.Time
		kind      Kind
	}{
		"a Docker image":                   {realImage(t, amd64, built), []string{"linux/amd64"}, built, ""},
		"an OCI image":                     {oci(realImage(t, arm64, built)), []string{"linux/arm64"}, built, ""},
		"a reproducible build of 1970":     {oci(realImage(t, amd64, time.Unix(0, 0))), []string{"linux/amd64"}, time.Time{}, ""},
		"an index of two platforms":        {index(addendum(oci(realImage(t, arm64, time.Time{})), arm64, nil), addendum(oci(realImage(t, amd64, built)), amd64, nil)), []string{"linux/arm64", "linux/amd64"}, built, ""},
		"one platform with provenance":     {index(addendum(oci(realImage(t, amd64, built)), amd64, nil), attestation), []string{"linux/amd64"}, built, ""},
		"provenance before its image":      {index(attestation, addendum(oci(realImage(t, arm64, built)), arm64, nil)), []string{"linux/arm64"}, built, ""},
		"an index that annotates itself":   {mutate.Annotations(index(addendum(oci(realImage(t, amd64, time.Time{})), amd64, nil)), map[string]string{"org.opencontainers.image.created": built.Format(time.RFC3339)}).(v1.ImageIndex), []string{"linux/amd64"}, built, ""},
		"a manifest that annotates itself": {mutate.Annotations(oci(realImage(t, amd64, time.Unix(0, 0))), map[string]string{"org.opencontainers.image.created": built.Format(time.RFC3339)}).(v1.Image), []string{"linux/amd64"}, built, ""},
		"a Helm chart":                     {mutate.ConfigMediaType(oci(realImage(t, amd64, built)), "application/vnd.cncf.helm.config.v1+json"), nil, time.Time{}, NotAnImage},
		"provenance alone":                 {index(attestation), nil, time.Time{}, NotAnImage},
	} {
		t.Run(name, func(t *testing.T) {
			if err := remote.Push(tagOf(t, repository+":pushed"), tt.pushed); err != nil {
				t.Fatal(err)
			}
			c := client(t)
			digest, err := c.Digest(t.Context(), named(repository), "pushed", Credential{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Image(t.Context(), named(repository), digest, Credential{}, true)
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Image{Platforms: platforms(t, tt.platforms...), Created: tt.created}, got); diff != "" {
				t.Errorf("image (-want +got):\n%s", diff)
			}
		})
	}
}
