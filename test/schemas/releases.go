package schemas

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/garboard-dev/garboard/test/gomodule"
)

// kubernetes is the module that has the OpenAPI document of its release.
const kubernetes = "k8s.io/kubernetes"

// openAPIFile is the document, in that module.
const openAPIFile = "api/openapi-spec/swagger.json"

// Releases are a release of each minor version of Kubernetes that Garboard is for, the
// oldest first. The newest is the one that the local cluster is made of.
func Releases() []gomodule.Module {
	return []gomodule.Module{
		{Path: kubernetes, Version: "v1.30.14", Sum: "h1:MrlKXh9uhLIJpyxOeXhcndzRVSvwiV9iJ8NgH8nqPsg="},
		{Path: kubernetes, Version: "v1.31.14", Sum: "h1:UtjLfqvXLuSVDdJ4+NpQCIfFkKkLnAAVmxAEMsnkhjk="},
		{Path: kubernetes, Version: "v1.32.13", Sum: "h1:5TGYdZ6YZqdp6h/Rp1vX/4TIoybMPdgv97LCZCtPuNQ="},
		{Path: kubernetes, Version: "v1.33.13", Sum: "h1:bmH31xUdSzeA5vk0wZAK9MZp11mdLuzUSeKk0qN3hPQ="},
		{Path: kubernetes, Version: "v1.34.4", Sum: "h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk="},
		{Path: kubernetes, Version: "v1.35.4", Sum: "h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM="},
		{Path: kubernetes, Version: "v1.36.3", Sum: "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o="},
		{Path: kubernetes, Version: "v1.37.2", Sum: "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE="},
	}
}

// PrometheusOperator has the definitions of the kinds that it reads: the newest version that
// there is of the whole module.
func PrometheusOperator() gomodule.Module {
	return gomodule.Module{
		Path: "github.com/prometheus-operator/prometheus-operator", Version: "v0.85.0", Sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
	}
}

// Of reads the schemas of a release out of its module.
func Of(ctx context.Context, release gomodule.Module) (*Set, error) {
	dir, err := release.Dir(ctx)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, openAPIFile))
	if err != nil {
		return nil, fmt.Errorf("reading the OpenAPI document of Kubernetes %s: %w", release.Version, err)
	}
	return Parse(text)
}
