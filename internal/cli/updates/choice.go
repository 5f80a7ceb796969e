// Package updates finds the updates that a command names, and tells what became of each.
package updates

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
)

// Choice are the flags that choose updates, beside arguments.
type Choice struct {
	Scope
	// All takes all of the scope.
	All bool
}

// AddFlags adds the flags to a command.
func (c *Choice) AddFlags(flags *pflag.FlagSet) {
	c.Scope.AddFlags(flags, "with --all or --selector: of all namespaces")
	flags.BoolVar(&c.All, "all", false, "all pending updates of the namespace")
}

// Check returns the faults of the flags' values, and of arguments beside them.
func (c *Choice) Check(named []string) cmdline.Faults {
	faults := c.Scope.Check()
	ways := 0
	for _, given := range []bool{len(named) > 0, c.Selector != "", c.All} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		faults = append(faults, "needs UPDATE or RESOURCE/NAME, such as deployment/shop, or --selector, or --all")
	case ways > 1:
		faults = append(faults, "allowed: one of UPDATE or RESOURCE/NAME, --selector and --all")
	case c.AllNamespaces && len(named) > 0:
		faults = append(faults, "--all-namespaces: goes with --all and --selector alone")
	}
	for _, name := range named {
		if strings.Count(name, "/") > 1 || name == "" || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") {
			faults = append(faults, fmt.Sprintf("%q: allowed: UPDATE or RESOURCE/NAME, such as deployment/shop", cmdline.Shown(name)))
		}
	}
	return faults
}

// Found is what was chosen, in the order in which it was named, and what is not there.
type Found struct {
	Updates  []v1alpha1.ImageUpdate
	Failures cmdline.LineErrors
}

// Find reads the updates and chooses. Of a workload, of labels and of all it takes those
// that are wanted; one that is named is taken in any case.
func (c *Choice) Find(ctx context.Context, cluster *access.Cluster, named []string, wanted func(*v1alpha1.ImageUpdate) bool) (*Found, error) {
	all, err := c.List(ctx, cluster)
	if err != nil {
		return nil, err
	}
	found := &Found{}
	if len(named) == 0 {
		for i := range all {
			if wanted(&all[i]) {
				found.Updates = append(found.Updates, all[i])
			}
		}
		return found, nil
	}
	for _, name := range named {
		chosen, err := chooseUpdates(cluster, all, name, wanted)
		if err != nil {
			found.Failures = append(found.Failures, err)
		}
		for _, update := range chosen {
			if !slices.ContainsFunc(found.Updates, func(u v1alpha1.ImageUpdate) bool { return u.Name == update.Name }) {
				found.Updates = append(found.Updates, update)
			}
		}
	}
	return found, nil
}

// chooseUpdates takes an update by its name, or those of a workload that are wanted.
func chooseUpdates(cluster *access.Cluster, all []v1alpha1.ImageUpdate, named string, wanted func(*v1alpha1.ImageUpdate) bool) ([]v1alpha1.ImageUpdate, error) {
	name := named
	if strings.Contains(named, "/") {
		w, err := cluster.Workload(named)
		if err != nil {
			return nil, err
		}
		if w.Kind.Group != v1alpha1.Group || w.Kind.Kind != v1alpha1.ImageUpdateKind {
			return ofWorkload(all, w, named, wanted)
		}
		name = w.Name
	}
	for i := range all {
		if all[i].Name == name {
			return all[i : i+1], nil
		}
	}
	return nil, fmt.Errorf("imageupdate.%s/%s is not there, in namespace %q", v1alpha1.Group, name, cluster.Namespace)
}

func ofWorkload(all []v1alpha1.ImageUpdate, w access.Workload, named string, wanted func(*v1alpha1.ImageUpdate) bool) ([]v1alpha1.ImageUpdate, error) {
	var chosen []v1alpha1.ImageUpdate
	for i := range all {
		reference := &all[i].Spec.WorkloadRef
		if isOf(reference, w) && wanted(&all[i]) {
			chosen = append(chosen, all[i])
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%s has no update that waits for this, in namespace %q", named, w.Namespace)
	}
	return chosen, nil
}

func isOf(reference *v1alpha1.WorkloadReference, w access.Workload) bool {
	version, err := schema.ParseGroupVersion(reference.APIVersion)
	return err == nil && version.Group == w.Kind.Group && reference.Kind == w.Kind.Kind && reference.Name == w.Name
}

// IsPending reports whether an update waits for votes.
func IsPending(u *v1alpha1.ImageUpdate) bool {
	return voting.PhaseOf(u) == v1alpha1.PhasePending
}

// Box is where the person who calls votes, and what was cast in the namespaces that the
// flags choose.
func (c *Choice) Box(ctx context.Context, cluster *access.Cluster, dryRun bool) (*ballot.Box, []v1alpha1.ImageUpdateVote, error) {
	voter, err := ballot.Whoami(ctx, cluster.Client)
	if err != nil {
		return nil, nil, err
	}
	box := &ballot.Box{Client: cluster.Client, Voter: voter, DryRun: dryRun}
	votes, err := box.Votes(ctx, c.namespaceIn(cluster))
	return box, votes, err
}
