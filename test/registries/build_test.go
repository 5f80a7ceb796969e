package registries

import (
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// built is what a tag is pushed with: an index where it has several platforms,
// else the manifest of one image.
type built struct {
	platforms []string
	index     bool   // with one platform, too
	created   string // in the configs; "" is Go's zero time
	annotated string // the index's annotation
	attested  bool   // the index has an attestation, as BuildKit adds it
}

// pushBuilt pushes it under a tag and returns its digest.
func pushBuilt(t *testing.T, repository, tag string, b built) string {
	t.Helper()
	ref := reference(t, repository+":"+tag)
	var digest v1.Hash
	var err error
	if len(b.platforms) == 1 && !b.index {
		image := b.image(t, b.platforms[0])
		digest, _ = image.Digest()
		err = remote.Write(ref, image, with(t, nil)...)
	} else {
		index := b.manifests(t)
		digest, _ = index.Digest()
		err = remote.WriteIndex(ref, index, with(t, nil)...)
	}
	if err != nil {
		t.Fatalf("pushing %s: %v", ref, err)
	}
	return digest.String()
}

func (b built) manifests(t *testing.T) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range b.platforms {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: b.image(t, platform), Descriptor: v1.Descriptor{Platform: parsePlatform(t, platform)},
		})
	}
	if b.attested {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: b.image(t, "unknown/unknown"),
			Descriptor: v1.Descriptor{
				Platform:    parsePlatform(t, "unknown/unknown"),
				Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"},
			},
		})
	}
	if b.annotated != "" {
		index = mutate.Annotations(index, map[string]string{"org.opencontainers.image.created": b.annotated}).(v1.ImageIndex)
	}
	return index
}

func (b built) image(t *testing.T, platform string) v1.Image {
	t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	is := parsePlatform(t, platform)
	config.OS, config.Architecture, config.Variant = is.OS, is.Architecture, is.Variant
	if b.created != "" {
		created, err := time.Parse(time.DateOnly, b.created)
		if err != nil {
			t.Fatal(err)
		}
		config.Created = v1.Time{Time: created}
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

func parsePlatform(t *testing.T, text string) *v1.Platform {
	t.Helper()
	platform, err := v1.ParsePlatform(text)
	if err != nil {
		t.Fatal(err)
	}
	return platform
}
