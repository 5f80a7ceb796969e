package resolver

import (
	"context"
	"errors"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// Credential is what a registry is asked with; the zero value is anonymous.
type Credential = registry.Credential

// Repository is a canonical name of a repository, parsed.
type Repository = registry.Repository

// ParseRepository reads `host/path`, without tag and digest. A name in short form
// (nginx) becomes its canonical self, docker.io/library/nginx.
func ParseRepository(text string) (Repository, error) { return registry.ParseRepository(text) }

// Platform is what an image was built for: linux/arm64.
type Platform = registry.Platform

// ParsePlatform reads os/architecture or os/architecture/variant, as in
// linux/arm/v7.
func ParsePlatform(text string) (Platform, error) { return registry.ParsePlatform(text) }

// Credentials finds the credentials for a repository, in the order in which
// they are to be tried; none means anonymous. It is asked at every resolution
// and should answer from memory. An error means that some could not be found;
// those beside it count all the same.
type Credentials interface {
	For(ctx context.Context, repository Repository) ([]Credential, error)
}

// Chain is several Credentials as one, those of the first first.
type Chain []Credentials

// For asks all of them.
func (c Chain) For(ctx context.Context, repository Repository) ([]Credential, error) {
	var found []Credential
	var missing []error
	for _, finder := range c {
		if finder == nil {
			continue
		}
		some, err := finder.For(ctx, repository)
		found, missing = append(found, some...), append(missing, err)
	}
	return found, errors.Join(missing...)
}
