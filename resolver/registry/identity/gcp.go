package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const (
	googleUser = "oauth2accesstoken"
	// googleScope is that of every Google client; what the identity may do is
	// up to its roles.
	googleScope    = "https://www.googleapis.com/auth/cloud-platform"
	googleFile     = "GOOGLE_APPLICATION_CREDENTIALS"
	googleMetadata = "instance/service-accounts/default/token"
)

// gcpSource asks Google: with the credentials file that the environment names
// (service account, workload identity federation), or else the metadata server
// (GKE, Compute Engine).
type gcpSource struct {
	now    func() time.Time
	client *http.Client
	server *metadata.Client
}

func newGCP(p pace, transport http.RoundTripper) *gcpSource {
	return &gcpSource{now: p.now, client: cloudClient(transport, p.timeout), server: metadata.NewClient(nil)}
}

func (s *gcpSource) token(ctx context.Context, _ target) (grant[registry.Credential], error) {
	var access string
	var expires time.Time
	var err error
	if os.Getenv(googleFile) != "" {
		access, expires, err = s.fromFile(ctx)
	} else {
		access, expires, err = s.fromMetadata(ctx)
	}
	if err != nil {
		return grant[registry.Credential]{}, err
	}
	credential := auth.Basic(googleUser, access)
	if credential.Anonymous() {
		return grant[registry.Credential]{}, errUnusable
	}
	return grant[registry.Credential]{value: credential, expires: expires}, nil
}

// fromFile reads the file anew each time: Secrets are rotated. Some of the
// sources know no context; the client's timeout ends them.
func (s *gcpSource) fromFile(ctx context.Context) (string, time.Time, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.client)
	found, err := google.FindDefaultCredentials(ctx, googleScope)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("reading the Google credentials file: %w", err)
	}
	got, err := found.TokenSource.Token()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("asking Google for a token: %w", err)
	}
	return got.AccessToken, got.Expiry, nil
}

// fromMetadata asks the metadata server itself. The library's ComputeTokenSource
// first looks whether there is one, and keeps a "no" for as long as the process
// runs; on GKE the server answers some seconds after the pod has started. It
// knows no context either.
func (s *gcpSource) fromMetadata(ctx context.Context) (string, time.Time, error) {
	asked := s.now()
	text, err := s.server.GetWithContext(ctx, googleMetadata)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("asking the metadata server for a token: %w", err)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	if json.Unmarshal([]byte(text), &answer) != nil {
		return "", time.Time{}, errUnusable // Its own error would quote the token.
	}
	return answer.AccessToken, asked.Add(time.Duration(answer.ExpiresIn) * time.Second), nil
}
