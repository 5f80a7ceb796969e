package registry

import (
	"context"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Manifest is what a tag points at.
type Manifest struct {
	digest string
	// read: the document came with the digest. Fault is why it is no image.
	read  bool
	found document.Manifest
	fault *Error
}

// Digest is the manifest's.
func (m Manifest) Digest() string { return m.digest }

// IsRead reports whether ImageOf can tell what the manifest stands for. If not, Image
// may, which asks by the digest.
func (m Manifest) IsRead() bool { return m.read }

// Manifest reads what a tag points at: what Digest and the first request of Image would
// tell, in one request. It is a GET, which counts as a pull at Docker Hub, so it is for
// those who would ask for the image next.
//
// The error is always an *Error, and says that the digest is not known. What is wrong
// with the document, ImageOf tells.
func (c *Client) Manifest(ctx context.Context, repository Repository, tag string, credential Credential) (Manifest, error) {
	if !document.ValidTag(tag) {
		return Manifest{}, (&Error{Kind: Blocked, Err: failure.Bad("%q is not a valid tag", tag)}).Of(repository.String())
	}
	return readEndpoints(ctx, c, repository, credential, func(ctx context.Context, s *session) (Manifest, error) {
		return s.tagged(ctx, tag)
	})
}

// ImageOf is Image for a manifest that was read: an index costs no request, unless its
// date has to be read from an image in it, and a single manifest one, for its config.
func (c *Client) ImageOf(ctx context.Context, repository Repository, manifest Manifest, credential Credential, dated bool) (Image, error) {
	if manifest.fault != nil {
		return Image{}, manifest.fault.Of(repository.String())
	}
	if manifest.found.IsIndex() {
		image, child, err := readIndex(manifest.found, dated)
		if err != nil {
			return Image{}, failure.Classify(err).Of(repository.String())
		}
		if child == "" {
			return image, nil
		}
	}
	return readEndpoints(ctx, c, repository, credential, func(ctx context.Context, s *session) (Image, error) {
		return s.imageOf(ctx, manifest.found, dated)
	})
}

func (s *session) tagged(ctx context.Context, tag string) (Manifest, error) {
	header, body, err := s.get(ctx, s.URL("manifests", tag), document.AcceptManifests, document.MaxManifest, 0)
	digest, named := document.ReadDigest(header)
	switch {
	case named && (err != nil || !document.HashesTo(body, digest)):
		// Nodes go by what the header names. Whether that is there, its own request tells.
		return Manifest{digest: digest}, nil //nolint:nilerr // the digest is known without the body
	case err != nil:
		return Manifest{}, err
	case !named:
		if digest, err = document.ManifestDigest(body); err != nil {
			return Manifest{}, err
		}
	}
	manifest := Manifest{digest: digest, read: true}
	if manifest.found, err = document.ReadManifest(body); err != nil {
		manifest.fault = failure.Classify(err)
	}
	return manifest, nil
}
