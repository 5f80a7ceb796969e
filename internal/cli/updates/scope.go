package updates

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// Scope are the flags that say where updates are looked for, and of which labels.
type Scope struct {
	access.ConnectionOptions
	Selector      string
	AllNamespaces bool
}

// AddFlags adds the flags to a command; all is the help of --all-namespaces.
func (s *Scope) AddFlags(flags *pflag.FlagSet, all string) {
	s.ConnectionOptions.AddFlags(flags)
	flags.StringVarP(&s.Selector, "selector", "l", "", "`LABELS` of the updates, which are those of their workloads, such as team=shop")
	flags.BoolVarP(&s.AllNamespaces, "all-namespaces", "A", false, all)
}

// Check returns the faults of the flags' values.
func (s *Scope) Check() cmdline.Faults {
	faults := s.ConnectionOptions.Check()
	if s.AllNamespaces && s.Namespace != "" {
		faults = append(faults, "--namespace: not together with --all-namespaces")
	}
	if _, err := labels.Parse(s.Selector); err != nil {
		faults = append(faults, fmt.Sprintf("--selector: %q: allowed: labels, such as team=shop,tier!=db", cmdline.Shown(s.Selector)))
	}
	return faults
}

// namespaceIn is the namespace of a cluster that is looked at; empty for all.
func (s *Scope) namespaceIn(cluster *access.Cluster) string {
	if s.AllNamespaces {
		return ""
	}
	return cluster.Namespace
}

// NonePending says that no update waits.
func (s *Scope) NonePending(cluster *access.Cluster) string {
	if s.AllNamespaces {
		return "No pending updates in any namespace."
	}
	return fmt.Sprintf("No pending updates in namespace %q.", cluster.Namespace)
}

// List reads the updates, by namespace and name.
func (s *Scope) List(ctx context.Context, cluster *access.Cluster) ([]v1alpha1.ImageUpdate, error) {
	selector, err := labels.Parse(s.Selector)
	if err != nil {
		return nil, fmt.Errorf("parsing --selector: %w", err)
	}
	list := &v1alpha1.ImageUpdateList{}
	err = cluster.Client.List(ctx, list, client.InNamespace(s.namespaceIn(cluster)), client.MatchingLabelsSelector{Selector: selector})
	if meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("the cluster has no resource imageupdates.%s: Garboard is not installed there, or is an older version", v1alpha1.Group)
	}
	if apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("listing updates: %w; the ClusterRole garboard-voter allows it", err)
	}
	if err != nil {
		return nil, fmt.Errorf("listing updates: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.ImageUpdate) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return list.Items, nil
}
