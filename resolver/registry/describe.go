package registry

import (
	"context"
	"errors"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Description is what an image says of itself, for people.
type Description = document.Description

// Links lead to where an image comes from, by its own word.
type Links = document.Links

// Describe reads what an image says of itself: two requests for the image of one platform,
// and one more for an index. It asks no host that the image names: links are
// texts that are handed on.
func (c *Client) Describe(ctx context.Context, repository Repository, digest string, credential Credential) (Description, error) {
	if !document.ValidDigest(digest) {
		return Description{}, (&Error{Kind: Blocked, Err: failure.Bad("%q is not a valid digest", digest)}).Of(repository.String())
	}
	return readEndpoints(ctx, c, repository, credential, func(ctx context.Context, s *session) (Description, error) {
		return s.describe(ctx, digest)
	})
}

func (s *session) describe(ctx context.Context, digest string) (Description, error) {
	body, found, err := s.manifestBody(ctx, digest)
	if err != nil {
		return Description{}, err
	}
	if !found.IsIndex() {
		return s.describeOne(ctx, body, found)
	}
	children := found.Children()
	if len(children) == 0 {
		return Description{}, failure.NotImage("index has no image")
	}
	told := Description{Created: found.Created(), Platforms: platformsOf(children)}
	if len(told.Platforms) > maxPlatforms {
		return Description{}, &Error{Kind: TooLarge, Err: errors.New("more platforms than are kept")}
	}
	if told.Links, err = document.ReadLinks(body); err != nil {
		return Description{}, err
	}
	preferred := document.Preferred(children)
	if body, found, err = s.manifestBody(ctx, preferred.Digest); err != nil {
		return Description{}, err
	}
	if found.IsIndex() { // one way down is enough
		told.Created = document.FirstDate(told.Created, preferred.Created, found.Created())
		return told, nil
	}
	one, err := s.describeOne(ctx, body, found)
	if err != nil {
		return Description{}, err
	}
	told.Created = document.FirstDate(told.Created, preferred.Created, one.Created)
	told.Size, told.SizeOf, told.Links = one.Size, one.SizeOf, told.Or(one.Links)
	return told, nil
}

// describeOne describes the image of one platform.
func (s *session) describeOne(ctx context.Context, body []byte, found document.Manifest) (Description, error) {
	links, err := document.ReadLinks(body)
	if err != nil {
		return Description{}, err
	}
	size, err := document.ReadSize(body)
	if err != nil {
		return Description{}, err
	}
	configBody, err := s.verified(ctx, "blobs", found.Config.Digest, "*/*", document.MaxConfig)
	if err != nil {
		return Description{}, err
	}
	config, err := document.ReadConfig(configBody)
	if err != nil {
		return Description{}, err
	}
	labels, err := document.ReadConfigLinks(configBody)
	return Description{
		Created: document.FirstDate(found.Created(), config.Created), Platforms: []Platform{config.Platform},
		Size: size, SizeOf: config.Platform, Links: links.Or(labels),
	}, err
}
