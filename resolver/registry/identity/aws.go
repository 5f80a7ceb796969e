package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/smithy-go/logging"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const (
	ecrUser = "AWS"
	// ecrLife is what Amazon promises, for an answer that does not say.
	ecrLife = 12 * time.Hour
	// staticLife is when credentials that have no end are read again, in case
	// they were changed.
	staticLife = 15 * time.Minute
)

// awsSource asks Amazon ECR. The role's credentials are a cell of their own:
// they are the same in all regions, and so is their lack.
type awsSource struct {
	config *cell[aws.Config]
}

func newAWS(p pace, transport http.RoundTripper) *awsSource {
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // Its own writes to standard error.
	}
	if transport != nil {
		options = append(options, config.WithHTTPClient(cloudClient(transport, p.timeout)))
	}
	p.patience = p.timeout // Its callers have a deadline already.
	return &awsSource{config: newCell(p, func(ctx context.Context) (grant[aws.Config], error) {
		return loadAWS(ctx, p.now, options)
	})}
}

// loadAWS finds the credentials where every AWS SDK does: environment, files,
// web identity (IRSA), container (EKS Pod Identity), instance metadata. They are
// looked for anew each time, so that nothing is kept that no longer holds.
func loadAWS(ctx context.Context, now func() time.Time, options []func(*config.LoadOptions) error) (grant[aws.Config], error) {
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return grant[aws.Config]{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	found, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return grant[aws.Config]{}, fmt.Errorf("finding AWS credentials: %w", err)
	}
	loaded.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return found, nil
	})
	expires := now().Add(staticLife)
	if found.CanExpire {
		expires = found.Expires
	}
	return grant[aws.Config]{value: loaded, expires: expires}, nil
}

// token asks the region for an authorisation token.
func (s *awsSource) token(ctx context.Context, of target) (grant[registry.Credential], error) {
	var none grant[registry.Credential]
	loaded, err := s.config.get(ctx)
	if err != nil {
		return none, err
	}
	client := ecr.NewFromConfig(loaded, func(o *ecr.Options) {
		o.Region = of.region
		if of.fips {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if of.dualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	})
	answer, err := client.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return none, fmt.Errorf("asking Amazon ECR for a token: %w", err)
	}
	if len(answer.AuthorizationData) == 0 {
		return none, errUnusable
	}
	data := answer.AuthorizationData[0]
	pair, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	if err != nil {
		return none, errUnusable // The error would quote the token.
	}
	user, password, _ := strings.Cut(string(pair), ":")
	credential := auth.Basic(user, password)
	if user != ecrUser || credential.Anonymous() {
		return none, errUnusable
	}
	expires := s.config.now().Add(ecrLife)
	if data.ExpiresAt != nil {
		expires = *data.ExpiresAt
	}
	return grant[registry.Credential]{value: credential, expires: expires}, nil
}
