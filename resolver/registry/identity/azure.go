package identity

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/garboard-dev/garboard/resolver/registry"
)

const (
	// azureScope is that of container registries alone: a token for it opens
	// nothing else, and registries that refuse those of the resource manager
	// take it.
	azureScope     = "https://containerregistry.azure.net/.default"
	azureClientID  = "AZURE_CLIENT_ID"
	azureFederated = "AZURE_FEDERATED_TOKEN_FILE"
)

// azureSource asks Microsoft Entra ID for an access token, one for all
// registries, and each registry for the refresh token that it gives for it.
type azureSource struct {
	access *cell[string]
	client *http.Client
	pace   pace
}

func newAzure(p pace, transport http.RoundTripper) *azureSource {
	client := cloudClient(transport, p.timeout)
	p.patience = p.timeout // Its callers have a deadline already.
	return &azureSource{client: client, pace: p, access: newCell(p, func(ctx context.Context) (grant[string], error) {
		return azureAccess(ctx, client)
	})}
}

// azureAccess asks as the workload identity whose variables the cluster's
// webhook set, or else as the node's managed identity. DefaultAzureCredential
// would also run az, azd and PowerShell. The credential is made anew each time,
// so that a changed environment counts and no token is kept twice. The node's is
// all the same: the SDK has one cache for the process, and asks the node anew
// five minutes before the end, when our renewal comes again.
func azureAccess(ctx context.Context, client *http.Client) (grant[string], error) {
	credential, err := azureCredential(policy.ClientOptions{Transport: client})
	if err != nil {
		return grant[string]{}, fmt.Errorf("finding the Azure identity: %w", err)
	}
	got, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{azureScope}})
	if err != nil {
		return grant[string]{}, fmt.Errorf("asking Microsoft Entra ID for a token: %w", err)
	}
	return grant[string]{value: got.Token, expires: got.ExpiresOn}, nil
}

func azureCredential(options policy.ClientOptions) (azcore.TokenCredential, error) {
	if os.Getenv(azureFederated) != "" {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options})
	}
	managed := azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
	if id := os.Getenv(azureClientID); id != "" {
		managed.ID = azidentity.ClientID(id)
	}
	return azidentity.NewManagedIdentityCredential(&managed)
}

func (s *azureSource) token(ctx context.Context, of target) (grant[registry.Credential], error) {
	access, err := s.access.get(ctx)
	if err != nil {
		return grant[registry.Credential]{}, err
	}
	return s.exchange(ctx, of.host, access)
}
