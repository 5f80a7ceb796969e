package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// Image is what a digest stands for.
type Image = document.Image

// Platform is what an image was built for.
type Platform = document.Platform

// ParsePlatform reads os/architecture or os/architecture/variant, as in
// linux/arm/v7. linux/arm64/v8 is linux/arm64.
func ParsePlatform(text string) (Platform, error) { return document.ParsePlatform(text) }

// ValidDigest reports whether a text is a digest as registries are believed to
// name one.
func ValidDigest(text string) bool { return document.ValidDigest(text) }

// Image reads what a digest stands for: the platforms, and where dated is true
// the date of the build.
//
// An index costs one request, a single manifest two, as its platform stands in
// its config. The date of an index costs two more, unless the annotation
// org.opencontainers.image.created gives it; it is the date of the manifest for
// linux/amd64, or of the first where there is none. A manifest counts as a pull
// at Docker Hub.
//
// Every body is verified against its digest, so that the answer does not depend
// on headers. It is followed by digest alone: the urls of a descriptor, which
// may name any host, are not read.
//
// The error is always an *Error. NotAnImage says that the digest is there, and
// that no node can run it: a chart, a signature, a build cache, Docker's
// schema 1.
func (c *Client) Image(ctx context.Context, repository Repository, digest string, credential Credential, dated bool) (Image, error) {
	if !document.ValidDigest(digest) {
		return Image{}, (&Error{Kind: Blocked, Err: failure.Bad("%q is not a valid digest", digest)}).Of(repository.String())
	}
	return readEndpoints(ctx, c, repository, credential, func(ctx context.Context, s *session) (Image, error) {
		return s.image(ctx, digest, dated)
	})
}

func (s *session) image(ctx context.Context, digest string, dated bool) (Image, error) {
	found, err := s.manifest(ctx, digest)
	if err != nil {
		return Image{}, err
	}
	return s.imageOf(ctx, found, dated)
}

// imageOf reads what a manifest stands for.
func (s *session) imageOf(ctx context.Context, found document.Manifest, dated bool) (Image, error) {
	if found.IsIndex() {
		image, child, err := readIndex(found, dated)
		if err == nil && child != "" {
			image.Created, err = s.built(ctx, child)
		}
		return image, err
	}
	config, err := s.config(ctx, found)
	if err != nil {
		return Image{}, err
	}
	image := Image{Platforms: []Platform{config.Platform}}
	if dated {
		image.Created = document.FirstDate(found.Created(), config.Created)
	}
	return image, nil
}

// maxPlatforms is more than any image is built for; each is kept in memory.
const maxPlatforms = 64

// readIndex is what an index says of itself: its children declare their platforms in it.
// The digest is that of the child which tells the date, where the index does not.
func readIndex(index document.Manifest, dated bool) (image Image, child string, err error) {
	children := index.Children()
	if len(children) == 0 {
		return Image{}, "", failure.NotImage("index has no image")
	}
	image = Image{Platforms: platformsOf(children)}
	if len(image.Platforms) > maxPlatforms {
		return Image{}, "", &Error{Kind: TooLarge, Err: errors.New("more platforms than are kept")}
	}
	if !dated {
		return image, "", nil
	}
	dating := document.Preferred(children)
	image.Created = document.FirstDate(index.Created(), dating.Created)
	if image.Created.IsZero() {
		child = dating.Digest
	}
	return image, child, nil
}

// platformsOf are those of an index, each once.
func platformsOf(children []document.Child) []Platform {
	var all []Platform
	for _, child := range children {
		if !slices.Contains(all, child.Platform) {
			all = append(all, child.Platform)
		}
	}
	return all
}

// built reads the date of one child. An index inside an index tells its date by
// annotation or not at all: one way down is enough.
func (s *session) built(ctx context.Context, digest string) (time.Time, error) {
	found, err := s.manifest(ctx, digest)
	if err != nil {
		return time.Time{}, err
	}
	if date := found.Created(); found.IsIndex() || !date.IsZero() {
		return date, nil
	}
	config, err := s.config(ctx, found)
	return config.Created, err
}

func (s *session) manifest(ctx context.Context, digest string) (document.Manifest, error) {
	_, found, err := s.manifestBody(ctx, digest)
	return found, err
}

// manifestBody reads a manifest, and returns its text as well.
func (s *session) manifestBody(ctx context.Context, digest string) ([]byte, document.Manifest, error) {
	body, err := s.verified(ctx, "manifests", digest, document.AcceptManifests, document.MaxManifest)
	if err != nil {
		return nil, document.Manifest{}, err
	}
	found, err := document.ReadManifest(body)
	return body, found, err
}

func (s *session) config(ctx context.Context, of document.Manifest) (document.Config, error) {
	body, err := s.verified(ctx, "blobs", of.Config.Digest, "*/*", document.MaxConfig)
	if err != nil {
		return document.Config{}, err
	}
	return document.ReadConfig(body)
}

// get reads what is at a URL, of which so many bytes were read before. A long answer is read
// by those who have a turn; who has to wait for one asks again then. Its header is returned
// with a body that cannot be read, too.
func (s *session) get(ctx context.Context, u *url.URL, accept string, limit, before int64) (http.Header, []byte, error) {
	header, body, err := s.getOnce(ctx, u, accept, limit, before)
	if !errors.Is(err, errNoTurn) {
		return header, body, err
	}
	if err := s.waitLarge(ctx); err != nil {
		return header, nil, err
	}
	return s.getOnce(ctx, u, accept, limit, before)
}

func (s *session) getOnce(ctx context.Context, u *url.URL, accept string, limit, before int64) (http.Header, []byte, error) {
	resp, err := s.Do(ctx, http.MethodGet, u, accept)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, s.client.network.Failure(resp)
	}
	defer transport.Drain(resp)
	body, err := readBody(ctx, &largeReader{session: s, body: resp.Body, read: before}, limit)
	return resp.Header, body, err
}

// verified reads what a digest names, and makes sure that it is that. The
// digest may come from a manifest: only its grammar makes it safe in a path.
func (s *session) verified(ctx context.Context, kind, digest, accept string, limit int64) ([]byte, error) {
	if !document.ValidDigest(digest) {
		return nil, failure.Bad("the manifest names a digest that is not valid")
	}
	_, body, err := s.get(ctx, s.URL(kind, digest), accept, limit, 0)
	if err != nil {
		return nil, err
	}
	if !document.HashesTo(body, digest) {
		return nil, failure.Bad("content is not what its digest says")
	}
	return body, nil
}
