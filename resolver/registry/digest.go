package registry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

func (s *session) digest(ctx context.Context, tag string) (string, error) {
	u := s.URL("manifests", tag)
	resp, err := s.Do(ctx, http.MethodHead, u, document.AcceptManifests)
	if err != nil {
		return "", err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		transport.Drain(resp)
		if digest, ok := document.ReadDigest(resp.Header); ok {
			return digest, nil
		}
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		transport.Drain(resp)
	default:
		return "", s.client.network.Failure(resp)
	}
	return s.hash(ctx, u)
}

// hash reads the manifest itself, for proxies that drop the digest's header.
func (s *session) hash(ctx context.Context, u *url.URL) (string, error) {
	_, body, err := s.get(ctx, u, document.AcceptManifests, document.MaxManifest, 0)
	if err != nil {
		return "", err
	}
	return document.ManifestDigest(body)
}
