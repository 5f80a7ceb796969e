package updater

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
)

// dated is a registry whose images tell when they were built: one day after the other.
type dated struct {
	shelf
	// described are how often an image was described, images how often one was read.
	described, images int
}

// builtAt is when the image of a digest was built.
func builtAt(digest string) time.Time {
	return noon.AddDate(0, 0, -30+10*slices.Index([]string{digestOf("a"), digestOf("b"), digestOf("c")}, digest))
}

func (d *dated) Image(_ context.Context, _ resolver.Repository, digest string, _ resolver.Credential, _ bool) (registry.Image, error) {
	d.images++
	return registry.Image{Platforms: []resolver.Platform{{OS: "linux", Architecture: "amd64"}}, Created: builtAt(digest)}, nil
}

func (d *dated) Describe(_ context.Context, repository resolver.Repository, digest string, _ resolver.Credential) (registry.Description, error) {
	d.described++
	if digest == digestOf("f") {
		return registry.Description{}, &registry.Error{Kind: registry.NotFound, Repository: repository.String()}
	}
	platform := resolver.Platform{OS: "linux", Architecture: "amd64"}
	return registry.Description{
		Created: builtAt(digest), Platforms: []resolver.Platform{platform}, Size: 5100, SizeOf: platform, Links: registry.Links{Source: "https://example.com/app"},
	}, nil
}

// newDatedBench has a Deployment that runs 1.0.0.
func newDatedBench(t *testing.T, annotations ...string) (*bench, *dated) {
	t.Helper()
	source := &dated{shelf: shelf{"1.0.0": digestOf("a"), "1.1.0": digestOf("b"), "1.2.0": digestOf("c"), "2.0.0": digestOf("d"), "latest": digestOf("c")}}
	b := newBench(t, move.Pace{}, stage(t, "shop", "1.0.0", annotations...))
	answers := resolver.New(source, resolver.Options{Now: b.clock.Now})
	b.resolver, b.poller.Images = answers, answers
	return b, source
}

func TestVersionsAreTold(t *testing.T) {
	b, source := newDatedBench(t)
	of := []record.Result{{Tag: "1.0.0"}, {Tag: "1.2.0", Digest: digestOf("c")}}
	image := func(version, digest string, days int) report.ImageVersion {
		return report.ImageVersion{
			Version: version, Digest: digest, Created: &metav1.Time{Time: noon.AddDate(0, 0, days)}, Size: 5100, SizeOf: "linux/amd64",
			Platforms: []string{"linux/amd64"}, Source: "https://example.com/app",
		}
	}
	want := &report.Versions{
		Images: []report.ImageVersion{image("1.0.0", digestOf("a"), -30), image("1.2.0@"+digestOf("c"), digestOf("c"), -10)},
		Chosen: "1.2.0", Why: "newer minor release",
		Higher: []report.RejectedTag{{Tag: "2.0.0", Why: "other major version"}, {Tag: "1.1.0", Why: "lower than the chosen tag"}, {Tag: "latest", Why: "not a version"}},
	}
	for range 2 {
		got, err := b.Versions(t.Context(), "shop", "Deployment", "shop", "c", of)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	}
	if source.described != 2 || b.writes > 0 {
		t.Errorf("%d images were described, and %d writes made", source.described, b.writes)
	}
}

func TestVersionsOfWhatIsNotFollowed(t *testing.T) {
	for name, test := range map[string]struct {
		change                func(*bench)
		kind, name, container string
	}{
		"another kind":          {kind: "Secret", name: "shop", container: "c"},
		"another workload":      {kind: "Deployment", name: "other", container: "c"},
		"another container":     {kind: "Deployment", name: "shop", container: "x"},
		"another updater's":     {change: func(b *bench) { b.poller.Ownership = owned("example.com/ours") }, kind: "Deployment", name: "shop", container: "c"},
		"a namespace opted out": {change: func(b *bench) { b.optedOut = true }, kind: "Deployment", name: "shop", container: "c"},
		"nothing tells of them": {change: func(b *bench) { b.poller.Images = nil }, kind: "Deployment", name: "shop", container: "c"},
	} {
		t.Run(name, func(t *testing.T) {
			b, source := newDatedBench(t)
			if test.change != nil {
				test.change(b)
			}
			if _, err := b.Versions(t.Context(), "shop", test.kind, test.name, test.container, []record.Result{{Tag: "1.0.0"}}); !errors.Is(err, poll.ErrNotFollowed) {
				t.Errorf("got %v", err)
			}
			if source.described+b.reads > 0 {
				t.Error("the registry was asked")
			}
		})
	}
}

func TestVersionsThatCannotBeRead(t *testing.T) {
	b, _ := newDatedBench(t)
	got, err := b.Versions(t.Context(), "shop", "Deployment", "shop", "c", []record.Result{{Digest: digestOf("f")}, {Tag: "1.1.0"}})
	if err != nil || got.Images[0].Fault != "not found, or the credentials may not read it" || got.Images[1].Fault != "" || got.Chosen != "1.2.0" {
		t.Errorf("error %v, got %+v", err, got)
	}
}

// A date is worth no request of a poll, and is told once it is known for another reason.
func TestDatesComeWithoutARequest(t *testing.T) {
	dates := func(b *bench) string {
		all := b.Standings("")
		text := ""
		for _, at := range []time.Time{all[0].RunningBuilt, all[0].NewestBuilt} {
			if at.IsZero() {
				text += "unknown "
			} else {
				text += at.Format("01-02 ")
			}
		}
		return text
	}
	for name, test := range map[string]struct {
		annotations []string
		describe    []record.Result
		images      int
		want        string
	}{
		"nothing reads them":                   {want: "unknown unknown "},
		"minAge reads the newest":              {annotations: []string{"minAge: 1h"}, images: 1, want: "unknown 12-25 "},
		"a person has looked at both":          {describe: []record.Result{{Tag: "1.0.0"}, {Tag: "1.2.0"}}, want: "12-05 12-25 "},
		"a person has looked at what runs now": {describe: []record.Result{{Tag: "1.0.0"}}, want: "12-05 unknown "},
	} {
		t.Run(name, func(t *testing.T) {
			b, source := newDatedBench(t, append(test.annotations, "window: 0 22 * * * for 1h")...)
			if test.describe != nil {
				if _, err := b.Versions(t.Context(), "shop", "Deployment", "shop", "c", test.describe); err != nil {
					t.Fatal(err)
				}
			}
			described := source.described
			if err := b.poller.Poll(t.Context(), repository); err != nil {
				t.Fatal(err)
			}
			b.tryAll(t)
			if got := dates(b); got != test.want || source.images != test.images || source.described != described {
				t.Errorf("got %q, and %d images were read; want %q and %d", got, source.images, test.want, test.images)
			}
		})
	}
}
