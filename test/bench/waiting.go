package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/webhook"
)

// waitingUpdates compares a warm admission with and without updates in its namespace that
// wait for votes, each beside the webhook that does nothing in the same minute.
func (b *bench) waitingUpdates(ctx context.Context) error {
	without, err := b.besideNoop(ctx)
	if err != nil {
		return err
	}
	if err := b.propose(ctx, b.named("warm").namespace); err != nil {
		return fmt.Errorf("making updates: %w", err)
	}
	with, err := b.besideNoop(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nGarboard warm at p50, %d in turns with the one that does nothing: %.3f times it without updates that wait for votes, %.3f with %d of them in the namespace: ratio %.3f\n",
		b.requests, without, with, b.waiting, with/without)
	return nil
}

// besideNoop is how many times as long as the webhook that does nothing Garboard takes at
// p50, warm.
func (b *bench) besideNoop(ctx context.Context) (float64, error) {
	pair := []*variant{b.named("noop"), b.named("warm")}
	took := make([][]time.Duration, len(pair))
	for range b.requests {
		for i, v := range pair {
			one, err := v.create(ctx)
			if err != nil {
				return 0, fmt.Errorf("creating with %q: %w", v.name, err)
			}
			took[i] = append(took[i], one)
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	middle := b.requests / 2
	return float64(took[1][middle]) / float64(took[0][middle]), nil
}

// propose makes updates without votes as the updater, which alone may make them.
func (b *bench) propose(ctx context.Context, namespace string) error {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	config := b.cluster.RESTConfig()
	config.Impersonate.UserName, config.QPS = webhook.DefaultUpdaterAccount, -1
	updater, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	for n := range b.waiting {
		spec := v1alpha1.ImageUpdateSpec{
			WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: fmt.Sprintf("web-%d", n+1), UID: types.UID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", n))},
			Container:   "web", Repository: b.registry.host() + "/" + repository, Policy: "patch",
			From: v1alpha1.ImageVersion{Tag: "1.2.0"}, To: v1alpha1.ImageVersion{Tag: "1.2.7"},
			VotesRequired: 1, Deadline: metav1.NewTime(time.Now().Add(24 * time.Hour)),
		}
		update := &v1alpha1.ImageUpdate{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: voting.UpdateName(&spec)}, Spec: spec}
		if err := updater.Create(ctx, update); err != nil {
			return err
		}
		before := update.DeepCopy()
		update.Status.Phase, update.Status.Deadline = v1alpha1.PhasePending, &spec.Deadline
		if err := updater.Status().Patch(ctx, update, client.MergeFrom(before)); err != nil {
			return err
		}
	}
	return nil
}
