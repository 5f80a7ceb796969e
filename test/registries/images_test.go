package registries

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// built is an image of a platform and a date; the zero date is none.
func built(t *testing.T, platform string, created time.Time) v1.Image {
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
	config.OS, config.Architecture, _ = strings.Cut(platform, "/")
	config.Created = v1.Time{Time: created}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

// pushIndex pushes an index of images for the platforms, with an attestation
// beside each as buildx has it, and returns its digest.
func pushIndex(t *testing.T, image string, platforms ...string) string {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms {
		parsed, err := v1.ParsePlatform(platform)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index,
			mutate.IndexAddendum{Add: built(t, platform, time.Time{}), Descriptor: v1.Descriptor{Platform: parsed}},
			mutate.IndexAddendum{Add: built(t, "unknown/unknown", time.Time{}), Descriptor: v1.Descriptor{
				Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"},
			}})
	}
	ref, err := name.NewTag(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func TestCandidatesAreBuiltForThePlatforms(t *testing.T) {
	address, _ := distribution(t, settings{})
	p := newProxy(t, address)
	image := p.host() + "/team/app"
	pushIndex(t, image+":1.0.0", "linux/amd64", "linux/arm64")
	both := pushIndex(t, image+":1.0.1", "linux/amd64", "linux/arm64")
	pushIndex(t, image+":1.0.2", "linux/amd64")
	pushIndex(t, image+":1.0.3", "windows/amd64")
	pushImage(t, image, []string{"1.0.4"}, built(t, "linux/s390x", time.Time{}))

	for name, test := range map[string]struct {
		platforms, tag, warning string
		more                    []string
	}{
		"no platforms are asked for": {"", "1.0.4", "web: HOST/team/app:1.0.0 -> 1.0.4 (policy patch)", nil},
		"one that the next lower has": {
			"linux/amd64", "1.0.2", "web: HOST/team/app:1.0.0 -> 1.0.2 (policy patch; 1.0.4: not built for linux/amd64)", nil},
		"two that only one has": {
			"linux/arm64, linux/amd64", "1.0.1", "web: HOST/team/app:1.0.0 -> 1.0.1 (policy patch; 1.0.4: not built for linux/amd64)", nil},
		"a variant that is the default": {
			"linux/arm64/v8", "1.0.1", "web: HOST/team/app:1.0.0 -> 1.0.1 (policy patch; 1.0.4: not built for linux/arm64)", nil},
		"one that none has": {
			"linux/ppc64le", "1.0.0", "web: stays at 1.0.0: 1.0.4: not built for linux/ppc64le", nil},
		"the digest is the index's": {
			"linux/arm64", "1.0.1@" + both,
			"web: HOST/team/app:1.0.0 -> 1.0.1@" + both[:19] + " (policy patch; 1.0.4: not built for linux/arm64)", []string{"keelson.dev/pin", "digest"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAdmission(t, reachable())
			annotations := test.more
			if test.platforms != "" {
				annotations = append(annotations, "keelson.dev/platforms", test.platforms)
			}
			stored, warnings := a.create(t, image+":1.0.0", "patch", annotations...)
			if stored != image+":"+test.tag {
				t.Errorf("stored %s, want %s", stored, test.tag)
			}
			got := strings.ReplaceAll(strings.Join(warnings, "\n"), p.host(), "HOST")
			if len(test.warning) > 115 { // an address in its place leaves less room
				got, test.warning = strings.TrimSuffix(got, "…"), test.warning[:100]
				got = got[:min(len(got), 100)]
			}
			if got != test.warning {
				t.Errorf("warned %q, want %q", got, test.warning)
			}
			p.since()
			a.create(t, image+":1.0.0", "patch", annotations...)
			if diff := cmp.Diff(map[string]int{}, p.since()); diff != "" {
				t.Errorf("asked again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewestGoesByTheDateOfTheBuild(t *testing.T) {
	address, _ := distribution(t, settings{})
	p := newProxy(t, address)
	image := p.host() + "/team/app"
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	annotated := mutate.Annotations(built(t, "linux/amd64", time.Time{}), map[string]string{
		"org.opencontainers.image.created": "2026-01-20T00:00:00Z"}).(v1.Image)
	pushImage(t, image, []string{"main"}, built(t, "linux/amd64", day(1)))
	pushImage(t, image, []string{"c0ffee1"}, built(t, "linux/amd64", day(9)))
	pushImage(t, image, []string{"deadbee"}, annotated)
	pushImage(t, image, []string{"reproducible"}, built(t, "linux/amd64", time.Unix(0, 0)))
	pushImage(t, image, []string{"undated"}, built(t, "linux/amd64", time.Time{}))
	pushImage(t, image, []string{"other"}, built(t, "linux/arm64", day(25)))

	a := newAdmission(t, reachable())
	for name, test := range map[string]struct {
		from, tag   string
		annotations []string
	}{
		"of all":                     {"main", "other", nil},
		"of those for the platforms": {"main", "deadbee", []string{"keelson.dev/platforms", "linux/amd64"}},
		"of those that match":        {"main", "c0ffee1", []string{"keelson.dev/filter", "^(main|c0.*)$"}},
		"with a date before one without": {
			"undated", "main", []string{"keelson.dev/filter", "^(undated|reproducible|main)$"}},
		"of none that has a date": {"undated", "undated", []string{"keelson.dev/filter", "^(undated|reproducible)$"}},
	} {
		t.Run(name, func(t *testing.T) {
			stored, warnings := a.create(t, image+":"+test.from, "newest", append(test.annotations, "keelson.dev/pin", "tag")...)
			if stored != image+":"+test.tag {
				t.Errorf("stored %s with warnings %q, want %s", stored, warnings, test.tag)
			}
			if test.from == test.tag && (len(warnings) != 1 || !strings.Contains(warnings[0], "no image has a usable build date")) {
				t.Errorf("warned %q", warnings)
			}
		})
	}
	p.since()
	a.create(t, image+":main", "newest")
	a.create(t, image+":undated", "newest")
	if diff := cmp.Diff(map[string]int{}, p.since()); diff != "" {
		t.Errorf("what is known was asked for again (-want +got):\n%s", diff)
	}
}

// A tag that is listed and has no manifest is passed over where its digest is
// asked for.
func TestListedTagWithoutAManifest(t *testing.T) {
	address, _ := distribution(t, settings{})
	p := newProxy(t, address)
	image := p.host() + "/team/app"
	pushIndex(t, image+":1.0.0", "linux/amd64")
	digest := pushIndex(t, image+":1.0.1", "linux/amd64")
	p.breaks(says(200, "application/json", `{"tags":["1.0.0","1.0.1","1.0.2"]}`))
	stored, _ := newAdmission(t, reachable()).create(t, image+":1.0.0", "patch", "keelson.dev/pin", "digest")
	if want := image + ":1.0.1@" + digest; stored != want {
		t.Errorf("stored %s, want %s", stored, want)
	}
}
