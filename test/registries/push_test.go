package registries

import (
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push pushes one image for no certain platform under all tags.
func push(t *testing.T, repository string, tags []string, options ...remote.Option) {
	t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range tags {
		ref := reference(t, repository+":"+tag)
		if i == 0 {
			err = remote.Write(ref, image, with(t, options)...)
		} else {
			err = remote.Tag(ref, image, with(t, options)...)
		}
		if err != nil {
			t.Fatalf("pushing %s: %v", ref, err)
		}
	}
}

// remove deletes tags, as the clean-up of a registry does.
func remove(t *testing.T, repository string, tags ...string) {
	t.Helper()
	for _, tag := range tags {
		if err := remote.Delete(reference(t, repository+":"+tag), with(t, nil)...); err != nil {
			t.Fatalf("deleting %s: %v", tag, err)
		}
	}
}

// digestOf is what a tag points at, by another client than Garboard's.
func digestOf(t *testing.T, image string, options ...remote.Option) string {
	t.Helper()
	found, err := remote.Head(reference(t, image), with(t, options)...)
	if err != nil {
		t.Fatal(err)
	}
	return found.Digest.String()
}

func reference(t *testing.T, image string) name.Tag {
	t.Helper()
	ref, err := name.NewTag(image)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func with(t *testing.T, options []remote.Option) []remote.Option {
	t.Helper()
	return append([]remote.Option{remote.WithContext(t.Context())}, options...)
}

func as(user, password string) remote.Option {
	return remote.WithAuth(&authn.Basic{Username: user, Password: password})
}

func through(transport http.RoundTripper) remote.Option { return remote.WithTransport(transport) }
