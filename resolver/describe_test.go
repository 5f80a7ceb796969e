package resolver

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// describing is a registry that tells of images.
type describing struct {
	*script
	told  map[string]registry.Description // by digest
	asked []string
}

func (d *describing) Describe(_ context.Context, repository Repository, digest string, credential Credential) (registry.Description, error) {
	d.asked = append(d.asked, digest)
	if d.refuses[credential.ID()] {
		return registry.Description{}, &registry.Error{Kind: registry.Unauthorized, Repository: repository.String()}
	}
	told, ok := d.told[digest]
	if !ok {
		return told, &registry.Error{Kind: registry.NotFound, Repository: repository.String()}
	}
	return told, nil
}

var day1 = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

func newDescribing() *describing {
	return &describing{
		script: listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64)}),
		told: map[string]registry.Description{
			"sha256:1.0.0": {Created: day1, Size: 7},
			"sha256:1.0.1": {Created: day1.AddDate(0, 0, 20), Links: registry.Links{Source: "https://example.com"}},
		},
	}
}

// People open a view time and again: what a digest stands for is asked once.
func TestDescribeAsksOnce(t *testing.T) {
	now := newClock()
	source := newDescribing()
	r := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	for range 3 {
		got, err := r.Describe(t.Context(), q, "1.0.1", "")
		if diff := gocmp.Diff(Description{"sha256:1.0.1", source.told["sha256:1.0.1"]}, got); err != nil || diff != "" {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
		if got, err := r.Describe(t.Context(), q, "", "sha256:1.0.0"); err != nil || got.Size != 7 {
			t.Errorf("got %+v, error %v", got, err)
		}
		now.Advance(time.Hour)
	}
	if want := []string{"sha256:1.0.1", "sha256:1.0.0"}; !slices.Equal(source.asked, want) {
		t.Errorf("asked about %q, want %q", source.asked, want)
	}
}

func TestDescribeFails(t *testing.T) {
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	forbidden := errors.New("settings forbid it")
	for name, test := range map[string]struct {
		source  Registry
		options Options
		query   Query
		tag     string
		want    error
		kind    registry.Kind
	}{
		"a tag that is not there":        {source: newDescribing(), query: q, tag: "9.9.9", kind: registry.NotFound},
		"a registry that describes none": {source: listed(nil), query: q, tag: "1.0.0", want: errDescribesNothing},
		"settings that forbid it":        {source: newDescribing(), options: Options{Allows: func(Repository) error { return forbidden }}, query: q, tag: "1.0.0", want: forbidden},
		"no policy":                      {source: newDescribing(), query: Query{Repository: q.Repository}, tag: "1.0.0", want: errNoPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(test.source, test.options).Describe(t.Context(), test.query, test.tag, "")
			if unavailable, ok := errors.AsType[*Unavailable](err); !ok || test.want != nil && !errors.Is(err, test.want) || registry.KindOf(unavailable) != test.kind {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A date is told from memory, and to those alone whose credential has read it.
func TestBuiltAsksNothing(t *testing.T) {
	source := newDescribing()
	for tag, image := range source.images {
		image.Created = source.told[tag].Created
		source.images[tag] = image
	}
	r := New(source, Options{Now: newClock().Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	if got := r.Built(t.Context(), q, "1.0.1", ""); !got.IsZero() {
		t.Errorf("nothing was read: got %v", got)
	}
	if _, err := r.Describe(t.Context(), q, "1.0.0", ""); err != nil {
		t.Fatal(err)
	}
	aged := q
	aged.MinAge = time.Hour
	wantTag(t, resolve(t, r, aged), "1.0.1", policy.NewerPatch)
	asked, looked, reads := len(source.asked), len(source.looked), source.reads
	for _, want := range []struct {
		tag, digest string
		at          time.Time
	}{{"1.0.0", "", day1}, {"", "sha256:1.0.0", day1}, {"1.0.1", "", day1.AddDate(0, 0, 20)}, {"1.0.2", "", time.Time{}}, {"", "sha256:other", time.Time{}}} {
		if got := r.Built(t.Context(), q, want.tag, want.digest); !got.Equal(want.at) {
			t.Errorf("%s%s: got %v, want %v", want.tag, want.digest, got, want.at)
		}
	}
	other := q
	other.Credentials = finder{found: []Credential{auth.Basic("other", "secret")}}
	if got := r.Built(t.Context(), other, "1.0.0", ""); !got.IsZero() {
		t.Errorf("another credential is told %v", got)
	}
	if len(source.asked) != asked || len(source.looked) != looked || source.reads != reads {
		t.Error("the registry was asked")
	}
}

func TestHigher(t *testing.T) {
	all := []Rejection{{"1.3.0", "a"}, {"0.9.0", "b"}, {"1.10.0", "c"}, {"v1.4.0", "d"}, {"latest", "e"}, {"1.2.0", "f"}, {"1.2.0-rc.1", "g"}, {"main", "h"}, {"v1.1.0", "i"}}
	var got []string
	for _, one := range Higher(all, "1.2.0") {
		got = append(got, one.Tag)
	}
	if want := []string{"1.10.0", "v1.4.0", "1.3.0", "1.2.0-rc.1", "main", "latest"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
