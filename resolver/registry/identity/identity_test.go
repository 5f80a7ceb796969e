package identity_test

import (
	"testing"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/identity"
)

func TestForAddsNothing(t *testing.T) {
	tests := map[string]struct {
		providers  identity.Providers
		repository string
	}{
		"to a registry of no cloud":               {identity.Auto(), "ghcr.io/shop/web"},
		"to Docker Hub":                           {identity.Auto(), "docker.io/library/nginx"},
		"where a port follows a cloud's name":     {identity.Auto(), "contoso.azurecr.io:5000/web"},
		"where a cloud's name is another's start": {identity.Auto(), "contoso.azurecr.io.evil.com/web"},
		"where no cloud may be asked":             {nil, "contoso.azurecr.io/web"},
		"where other clouds may be asked":         {identity.Providers{identity.AWS, identity.GCP}, "contoso.azurecr.io/web"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			repository, err := registry.ParseRepository(test.repository)
			if err != nil {
				t.Fatal(err)
			}
			got, err := identity.New(identity.Options{Providers: test.providers}).For(t.Context(), repository)
			if len(got) != 0 || err != nil {
				t.Errorf("For(%q) = %v, %v; want nothing", test.repository, got, err)
			}
		})
	}
}
