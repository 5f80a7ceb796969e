package placement

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/resolver"
)

// view is the cluster's nodes at one time, with the answers that are true of
// them. A changed node makes a new view, so that no answer outlives its nodes.
type view struct {
	pools   []pool // by platform
	answers *answers
}

// pool is the nodes that have platform and taints in common. Their other labels
// differ, be it in the host name alone.
type pool struct {
	platform resolver.Platform
	taints   []corev1.Taint
	nodes    []*corev1.Node
}

func newView(nodes iter.Seq[node], limit int) *view {
	at := map[group]int{}
	var pools []pool
	for n := range nodes {
		i, ok := at[n.group]
		if !ok {
			i = len(pools)
			at[n.group] = i
			pools = append(pools, pool{platform: n.platform, taints: n.taints})
		}
		pools[i].nodes = append(pools[i].nodes, n.Node)
	}
	slices.SortFunc(pools, func(a, b pool) int { return comparePlatforms(a.platform, b.platform) })
	return &view{pools: pools, answers: newAnswers(limit)}
}

// platforms returns where a placement leads to. One node that fits speaks for
// its platform, so that few nodes are looked at but where none fits.
func (v *view) platforms(ctx context.Context, p *placement) ([]resolver.Platform, error) {
	var found []resolver.Platform
	for _, pool := range v.pools {
		if len(found) > 0 && found[len(found)-1] == pool.platform || !p.tolerates(pool.taints) {
			continue
		}
		fits, err := p.fitsAny(ctx, pool.nodes)
		if err != nil {
			return nil, fmt.Errorf("matching nodes: %w", err)
		}
		if fits {
			found = append(found, pool.platform)
		}
	}
	if found == nil {
		return p.declared, nil
	}
	return found, nil
}

func comparePlatforms(a, b resolver.Platform) int {
	return cmp.Or(cmp.Compare(a.OS, b.OS), cmp.Compare(a.Architecture, b.Architecture), cmp.Compare(a.Variant, b.Variant))
}
