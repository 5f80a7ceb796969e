package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// DockerCredentials are those of the person at the keyboard.
type DockerCredentials struct {
	keychain authn.Keychain
}

// DockerConfig reads the credentials that `docker login` and `podman login`
// wrote, running the credential helpers that the file names. It is for the
// command line: a webhook has no such file.
func DockerConfig() DockerCredentials {
	return DockerCredentials{keychain: authn.DefaultKeychain}
}

// For returns the credential for a canonical repository; none where the file
// has none. The error is about the file or its helper.
func (d DockerCredentials) For(ctx context.Context, repository string) ([]Credential, error) {
	parsed, err := ParseRepository(repository)
	if err != nil {
		return nil, err
	}
	// Docker's file knows Docker Hub under its oldest name, which this type
	// translates to.
	target, err := name.NewRepository(parsed.String())
	if err != nil {
		return nil, fmt.Errorf("naming %q for the Docker configuration: %w", repository, err)
	}
	found, err := authn.Resolve(ctx, d.keychain, target)
	if err != nil {
		return nil, fmt.Errorf("reading the Docker configuration: %w", err)
	}
	config, err := authn.Authorization(ctx, found)
	if err != nil {
		return nil, fmt.Errorf("reading the Docker configuration: %w", err)
	}
	credential := Basic(config.Username, config.Password)
	switch {
	case config.RegistryToken != "":
		credential = Bearer(config.RegistryToken)
	case config.IdentityToken != "":
		credential = IdentityToken(config.IdentityToken)
	}
	if credential.Anonymous() {
		return nil, nil
	}
	return []Credential{credential.From("Docker configuration")}, nil
}
