package receiver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"

	"github.com/garboard-dev/garboard/updater/receiver/config"
)

const (
	// keysTimeout bounds one fetch of an identity provider's keys, maxKeys their
	// size in bytes.
	keysTimeout = 10 * time.Second
	maxKeys     = 1 << 20
	// keysEvery is the time between two fetches, after the first keysBurst: a
	// forged token may name a key that does not exist, and each would be looked for.
	keysEvery = 10 * time.Second
	keysBurst = 3
)

func keyClient() *http.Client { return &http.Client{Timeout: keysTimeout} }

// oidc proves a sender by a token that its identity provider signed: for us, and
// about the one account that notifications come from. Any customer of the
// provider can have a token for our audience, so that the account is what counts.
func (r *Receiver) oidc(ctx context.Context, o *config.OIDC) proof {
	limited := *r.options.Keys
	limited.Transport = &sparing{from: limited.Transport, limit: rate.NewLimiter(rate.Every(keysEvery), keysBurst)}
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(ctx, &limited), o.KeysURL)
	verifier := oidc.NewVerifier(o.Issuer, keys, &oidc.Config{
		ClientID: o.Audience, Now: r.options.Clock.Now, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256},
	})
	return proof{check: func(ctx context.Context, req *http.Request, _ []byte) bool {
		verified, err := verifier.Verify(ctx, tokenOf(config.GAR, req.Header))
		if err != nil {
			return false
		}
		var about struct {
			Email    string `json:"email"`
			Verified bool   `json:"email_verified"`
		}
		if err := verified.Claims(&about); err != nil {
			return false
		}
		return about.Verified && equalSecret(about.Email, config.Secret(o.Email))
	}}
}

// errSparing is a fetch of keys that comes too soon.
var errSparing = errors.New("the keys were fetched a moment ago")

// sparing fetches keys now and then, and no more than a bounded number of bytes.
type sparing struct {
	from  http.RoundTripper
	limit *rate.Limiter
}

// RoundTrip fetches, or returns errSparing.
func (s *sparing) RoundTrip(req *http.Request) (*http.Response, error) {
	if !s.limit.Allow() {
		return nil, errSparing
	}
	from := s.from
	if from == nil {
		from = http.DefaultTransport
	}
	response, err := from.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	response.Body = &struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxKeys), response.Body}
	return response, nil
}
