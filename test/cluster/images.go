package cluster

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Image is an image in the cluster's registry.
type Image struct {
	// Reference is what a container's image says: "127.0.0.1:port/path:tag".
	Reference string
	// Digest is "sha256:…" of the manifest that the tag names.
	Digest string
}

// Push puts a new image of some hundred bytes, unlike any other, under the tag
// of a repository, given by its path alone: "team/app". A tag that is there is
// moved.
func (c *Cluster) Push(ctx context.Context, repository, tag string) (Image, error) {
	ref, err := c.reference(repository, tag)
	if err != nil {
		return Image{}, err
	}
	image, err := random.Image(64, 1)
	if err != nil {
		return Image{}, err
	}
	if err := remote.Write(ref, image, remote.WithContext(ctx)); err != nil {
		return Image{}, fmt.Errorf("pushing %q: %w", ref, err)
	}
	return imageOf(ref, image.Digest)
}

// Tag puts the image of one tag under another one too: one request, so that a
// test can have a thousand tags in a second.
func (c *Cluster) Tag(ctx context.Context, repository, from, to string) (Image, error) {
	source, err := c.reference(repository, from)
	if err != nil {
		return Image{}, err
	}
	ref, err := c.reference(repository, to)
	if err != nil {
		return Image{}, err
	}
	image, err := remote.Get(source, remote.WithContext(ctx))
	if err != nil {
		return Image{}, fmt.Errorf("reading %q: %w", source, err)
	}
	if err := remote.Tag(ref, image, remote.WithContext(ctx)); err != nil {
		return Image{}, fmt.Errorf("tagging %q: %w", ref, err)
	}
	return imageOf(ref, func() (v1.Hash, error) { return image.Digest, nil })
}

// DeleteTag removes a tag; the image stays under its other tags and its digest.
func (c *Cluster) DeleteTag(ctx context.Context, repository, tag string) error {
	ref, err := c.reference(repository, tag)
	if err != nil {
		return err
	}
	if err := remote.Delete(ref, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("deleting %q: %w", ref, err)
	}
	return nil
}

// Tags lists the tags of a repository in lexical order.
func (c *Cluster) Tags(ctx context.Context, repository string) ([]string, error) {
	repo, err := name.NewRepository(c.Registry + "/" + repository)
	if err != nil {
		return nil, err
	}
	tags, err := remote.List(repo, remote.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("listing the tags of %q: %w", repo, err)
	}
	return tags, nil
}

func (c *Cluster) reference(repository, tag string) (name.Tag, error) {
	return name.NewTag(c.Registry + "/" + repository + ":" + tag)
}

func imageOf(ref name.Tag, digest func() (v1.Hash, error)) (Image, error) {
	hash, err := digest()
	if err != nil {
		return Image{}, err
	}
	return Image{Reference: ref.String(), Digest: hash.String()}, nil
}
