package registry

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Image is what a digest stands for. It never changes, so it may be kept for
// as long as anyone asks.
type Image struct {
	// Platforms are those that it was built for, as Platform's documentation
	// writes them, attestations left out, each once and in the order of the
	// index. A manifest that declares none counts as built for every platform:
	// it has a zero Platform. An image with no platform at all runs nowhere.
	Platforms []Platform
	// Created is when it was built, in UTC; zero where nobody asked, where it
	// does not say, or says a date that no build has: before 1990, as
	// reproducible builds put it. It is not compared with a clock: a date in
	// the future stays one, and is for the caller to judge.
	Created time.Time
}

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
func (c *Client) Image(ctx context.Context, repository, digest string, credential Credential, dated bool) (Image, error) {
	if !digestPattern.MatchString(digest) {
		return Image{}, (&Error{Kind: Refused, Err: badAnswer("reading the image of what is no digest")}).of(repository)
	}
	return read(ctx, c, repository, credential, func(ctx context.Context, s *session) (Image, error) {
		return s.image(ctx, digest, dated)
	})
}

func (s *session) image(ctx context.Context, digest string, dated bool) (Image, error) {
	found, err := s.manifest(ctx, digest)
	if err != nil {
		return Image{}, err
	}
	if found.index() {
		return s.indexed(ctx, found, dated)
	}
	config, err := s.config(ctx, found)
	if err != nil {
		return Image{}, err
	}
	image := Image{Platforms: []Platform{config.platform}}
	if dated {
		image.Created = firstDate(found.created(), config.created)
	}
	return image, nil
}

// indexed reads an index, whose children declare their platforms in it.
// maxPlatforms is more than any image is built for; each is kept in memory.
const maxPlatforms = 64

func (s *session) indexed(ctx context.Context, index manifest, dated bool) (Image, error) {
	children := index.children()
	if len(children) == 0 {
		return Image{}, notAnImage("index has no image")
	}
	var image Image
	for _, child := range children {
		if !slices.Contains(image.Platforms, child.platform) {
			image.Platforms = append(image.Platforms, child.platform)
		}
	}
	if len(image.Platforms) > maxPlatforms {
		return Image{}, &Error{Kind: TooLarge, Err: errors.New("more platforms than are kept")}
	}
	if !dated {
		return image, nil
	}
	dating := preferred(children)
	image.Created = firstDate(index.created(), dating.created)
	if !image.Created.IsZero() {
		return image, nil
	}
	var err error
	image.Created, err = s.built(ctx, dating.digest)
	return image, err
}

// built reads the date of one child. An index inside an index tells its date by
// annotation or not at all: one way down is enough.
func (s *session) built(ctx context.Context, digest string) (time.Time, error) {
	found, err := s.manifest(ctx, digest)
	if err != nil {
		return time.Time{}, err
	}
	if date := found.created(); found.index() || !date.IsZero() {
		return date, nil
	}
	config, err := s.config(ctx, found)
	return config.created, err
}

func (s *session) manifest(ctx context.Context, digest string) (manifest, error) {
	body, err := s.verified(ctx, "manifests", digest, acceptManifests, maxManifest)
	if err != nil {
		return manifest{}, err
	}
	return decodeManifest(body)
}

func (s *session) config(ctx context.Context, of manifest) (imageConfig, error) {
	body, err := s.verified(ctx, "blobs", of.Config.Digest, "*/*", maxConfig)
	if err != nil {
		return imageConfig{}, err
	}
	return decodeConfig(body)
}

// verified reads what a digest names, and makes sure that it is that. The
// digest may come from a manifest: only its grammar makes it safe in a path.
func (s *session) verified(ctx context.Context, kind, digest, accept string, limit int64) ([]byte, error) {
	if !digestPattern.MatchString(digest) {
		return nil, badAnswer("manifest names what is no digest")
	}
	u := s.url(kind, digest)
	resp, err := s.do(ctx, http.MethodGet, u, accept)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, s.client.failure(resp)
	}
	defer drain(resp)
	body, err := readBody(ctx, resp.Body, limit)
	if err != nil {
		return nil, err
	}
	if !hashesTo(body, digest) {
		return nil, badAnswer("content is not what its digest says")
	}
	return body, nil
}

// hashesTo reports whether a digest of digestPattern is that of the content.
func hashesTo(content []byte, digest string) bool {
	algorithm, want, _ := strings.Cut(digest, ":")
	if algorithm == "sha512" {
		sum := sha512.Sum512(content)
		return hex.EncodeToString(sum[:]) == want
	}
	sum := sha256.Sum256(content)
	return algorithm == "sha256" && hex.EncodeToString(sum[:]) == want
}

func firstDate(dates ...time.Time) time.Time {
	for _, date := range dates {
		if !date.IsZero() {
			return date
		}
	}
	return time.Time{}
}
