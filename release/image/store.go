package image

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// WriteLayout writes the image as an OCI layout into a folder, which is emptied first if it
// holds an earlier layout. The tag is the version.
func (i *Image) WriteLayout(folder, version string) error {
	if err := clearLayout(folder); err != nil {
		return err
	}
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return fmt.Errorf("making the layout %q: %w", folder, err)
	}
	if err := path.AppendIndex(i.Index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": version})); err != nil {
		return fmt.Errorf("writing the image to %q: %w", folder, err)
	}
	for _, sbom := range i.SBOMs {
		if err := path.AppendImage(sbom); err != nil {
			return fmt.Errorf("writing a bill of materials to %q: %w", folder, err)
		}
	}
	return nil
}

// clearLayout removes an earlier layout, and nothing that is no layout.
func clearLayout(folder string) error {
	switch entries, err := os.ReadDir(folder); {
	case errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return fmt.Errorf("looking into %q: %w", folder, err)
	}
	if _, err := layout.FromPath(folder); err != nil {
		return fmt.Errorf("%q has files, and is no OCI layout: name another folder", folder)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("removing the earlier layout %q: %w", folder, err)
	}
	return nil
}

// Push writes the image to a registry, with the credentials of the user's Docker
// configuration, and attaches its bills of materials. A registry without the referrers API
// gets them by the tags that the OCI distribution specification has for this.
func (i *Image) Push(ctx context.Context, reference string, options ...name.Option) error {
	to, err := name.ParseReference(reference, options...)
	if err != nil {
		return fmt.Errorf("reading the reference %q: %w", reference, err)
	}
	with := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if err := remote.WriteIndex(to, i.Index, with...); err != nil {
		return fmt.Errorf("pushing the image to %q: %w", reference, err)
	}
	for _, sbom := range i.SBOMs {
		digest, err := partial.Descriptor(sbom)
		if err != nil {
			return fmt.Errorf("describing a bill of materials: %w", err)
		}
		if err := remote.Write(to.Context().Digest(digest.Digest.String()), sbom, with...); err != nil {
			return fmt.Errorf("attaching a bill of materials to %q: %w", reference, err)
		}
	}
	return nil
}

// Digest is that of the image of all platforms.
func (i *Image) Digest() (v1.Hash, error) {
	digest, err := i.Index.Digest()
	if err != nil {
		return v1.Hash{}, fmt.Errorf("computing the digest: %w", err)
	}
	return digest, nil
}
