package try

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook"
)

// updater plays the updater's poll and bump: the resolver that it asks is the
// updater's own, the loop around it is not.
type updater struct {
	resolver *resolver.Resolver
	api      *apiServer
}

// poll is what the updater found.
type poll struct {
	// bump is what it asks admission for; empty if nothing is to move.
	bump string
	// why is why the image stays.
	why string
	// answer is what became of the bump, if there was one.
	answer *answer
}

// poll reads the registry and, if something newer is allowed, bumps the annotation
// of the pod template that has admission resolve again.
func (u *updater) poll(ctx context.Context) (*poll, error) {
	slot, rule, err := u.watched()
	if err != nil {
		return nil, err
	}
	image, err := resolver.ParseReference(slot.Image)
	if err != nil {
		return nil, fmt.Errorf("reading image %q: %w", slot.Image, err)
	}
	query := rule.Query(image.Repository, image.TagOrLatest(), image.Digest, image.Digest != "")
	query.Since = time.Now()
	found, err := u.resolver.Resolve(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("polling %q: %w", image.Repository, err)
	}
	if !found.Moved(query) {
		return &poll{why: found.Why()}, nil
	}
	bump := record.Record{slot.Key(): {Tag: found.Tag, Digest: found.Digest}}.String()
	submitted := u.api.stored.DeepCopy()
	if err := unstructured.SetNestedField(submitted.Object, bump, "spec", "template", "metadata", "annotations", workload.AnnotationBump); err != nil {
		return nil, fmt.Errorf("bumping: %w", err)
	}
	w := write{object: submitted, user: webhook.DefaultUpdaterAccount, manager: "garboard-updater", dryRun: true}
	if _, err := u.api.do(ctx, w); err != nil {
		return nil, err
	}
	w.dryRun = false
	a, err := u.api.do(ctx, w)
	return &poll{bump: bump, answer: a}, err
}

// errNotGoverned is why nothing is polled.
var errNotGoverned = errors.New("the Deployment has no container that is governed")

// watched is the container of the Deployment, and what is set for it.
func (u *updater) watched() (workload.Slot, settings.Rule, error) {
	object, ok := workload.StandardKinds().FromMap(u.api.stored.Object)
	if !ok {
		return workload.Slot{}, settings.Rule{}, errNotGoverned
	}
	read := settings.ReadSettings(object, optedIn(object.Namespace()))
	for _, slot := range object.Slots() {
		if rule := read.Rule(slot); rule.Governed() {
			return slot, rule, nil
		}
	}
	return workload.Slot{}, settings.Rule{}, errNotGoverned
}
