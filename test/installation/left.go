package installation

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/test/cluster"
)

// ofOthers are what Kubernetes makes in each namespace, Events, and what goes with its owner in a
// moment.
var ofOthers = regexp.MustCompile(`^(configmap/kube-root-ca.crt|serviceaccount/default|event.*|pod/.*|replicaset\..*|endpoint.*|certificaterequest\..*|podmetrics.*|apiservice\..*)$`)

// Left are the objects in the namespace garboard, and those of this name beyond, as kubectl
// names them.
func Left(ctx context.Context, c *cluster.Cluster) ([]string, error) {
	var left []string
	for _, scope := range []struct {
		namespaced string
		of         []string
	}{{"true", []string{"-n", namespace}}, {"false", nil}} {
		kinds, _, err := c.Kubectl(ctx, "", "api-resources", "--namespaced="+scope.namespaced, "--verbs=list", "-o", "name")
		if err != nil {
			return nil, err
		}
		list := slices.Concat(scope.of, []string{"get", strings.Join(strings.Fields(kinds), ","), "-o", "name", "--ignore-not-found"})
		names, _, err := c.Kubectl(ctx, "", list...)
		if err != nil {
			return nil, err
		}
		for _, name := range strings.Fields(names) {
			if !ofOthers.MatchString(name) && (scope.of != nil || strings.Contains(name, "garboard")) {
				left = append(left, name)
			}
		}
	}
	slices.Sort(left)
	return slices.Compact(left), nil
}
