package resolver

import (
	"context"

	"github.com/keelson-dev/keelson/resolver/registry"
)

// Credential is what a registry is asked with; the zero value is anonymous.
type Credential = registry.Credential

// Credentials finds the credential for a repository. It is asked at every
// resolution and should answer from memory. An error means that it cannot say;
// to have none is no error, but the zero Credential.
type Credentials interface {
	For(ctx context.Context, repository string) (Credential, error)
}
