package identity

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const (
	defaultTimeout  = 10 * time.Second
	defaultPatience = 2 * time.Second
	// Hosts come from image references, which anyone who may create a workload
	// can invent.
	maxTargets  = 256
	targetsIdle = 24 * time.Hour
)

// Options of Identities. The zero value asks no cloud.
type Options struct {
	// Providers are the clouds that may be asked. The default is none.
	Providers Providers
	// Timeout ends one question to a cloud, all its requests together. The
	// default is 10 seconds.
	Timeout time.Duration
	// Patience is how long a caller without a token waits, from when the cloud
	// was asked: what is left of an admission's time is needed for the registry.
	// The default is 2 seconds.
	Patience time.Duration
	// Now is the clock of tokens and pauses. The default is time.Now.
	Now func() time.Time
	// Transport carries the requests to the clouds, but for those to Google's
	// metadata server and to Amazon's agent for pods, which are on the node. The
	// default is that of each SDK, with the proxy of the environment.
	Transport http.RoundTripper
}

// Identities makes credentials of the identity that the cloud gives to this
// process. It is safe for concurrent use.
type Identities struct {
	providers Providers
	pace      pace
	sources   map[Provider]source
	tokens    *recent.Map[target, *cell[registry.Credential]]
}

// source is one cloud.
type source interface {
	// token asks the cloud for a registry's credential, such as a user and a
	// password, and returns with the context's end at the latest. There is no
	// second question for the same target meanwhile.
	token(ctx context.Context, of target) (grant[registry.Credential], error)
}

// New returns the identities. No cloud is asked before an image names one of
// its registries, and none of the environment is read.
func New(options Options) *Identities {
	options.Timeout = cmp.Or(options.Timeout, defaultTimeout)
	options.Patience = cmp.Or(options.Patience, defaultPatience)
	if options.Now == nil {
		options.Now = time.Now
	}
	p := pace{now: options.Now, timeout: options.Timeout, patience: options.Patience}
	return &Identities{
		providers: slices.Clone(options.Providers),
		pace:      p,
		sources: map[Provider]source{
			AWS:   newAWS(p, options.Transport),
			GCP:   newGCP(p, options.Transport),
			Azure: newAzure(p, options.Transport),
		},
		tokens: recent.New[target, *cell[registry.Credential]](maxTargets, targetsIdle, options.Now),
	}
}

// For returns the credential for a canonical repository; none where its host is
// no registry of a cloud that may be asked. It answers from memory, but for the
// first time, when it waits for the cloud as Options.Patience says. Without a
// token the error is an *Error, which is remembered for 30 seconds after the
// first failure and for 10 minutes at most.
func (i *Identities) For(ctx context.Context, repository registry.Repository) ([]registry.Credential, error) {
	of, ok := targetOf(repository.Host())
	if !ok || !slices.Contains(i.providers, of.provider) {
		return nil, nil
	}
	credential, err := i.cell(of).get(ctx)
	if err != nil {
		return nil, &Error{Provider: of.provider, Err: err}
	}
	// Tokens change, what may be read with them does not.
	return []registry.Credential{credential.From(of.provider.identity()).As(of.String())}, nil
}

func (i *Identities) cell(of target) *cell[registry.Credential] {
	return i.tokens.Get(of, func() *cell[registry.Credential] {
		return newCell(i.pace, func(ctx context.Context) (grant[registry.Credential], error) {
			return i.sources[of.provider].token(ctx, of)
		})
	})
}

// cloudClient is an HTTP client for requests that carry a token or are answered
// with one: a redirect would take them elsewhere, so none is followed.
func cloudClient(transport http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: transport,
		Timeout:   timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
