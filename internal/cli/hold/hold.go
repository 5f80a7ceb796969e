// Package hold lists, sets and clears the holds of a cluster's workloads: the
// versions that they have left and are not moved to.
package hold

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
)

// fieldManager names the writer of holds that are set by hand.
const fieldManager = "garboard-hold"

// Hold is one held version.
type Hold struct {
	Namespace string `json:"namespace"`
	// Workload is the resource and the name: deployment.apps/shop.
	Workload  string `json:"workload"`
	Container string `json:"container"`
	// Running is the tag of the workload's template, with its digest where it
	// is written.
	Running string `json:"running"`
	// Held is the version that was left; empty where nothing is held.
	Held string `json:"held,omitempty"`
	// Was is what was held before a change.
	Was string `json:"was,omitempty"`
}

// Holds reads and writes through the API server.
type Holds struct {
	// Kinds are those that are governed. The default is those of Kubernetes itself.
	Kinds  workload.Kinds
	Client client.Client
}

// List returns the holds of a namespace, or of all where it is empty, sorted by
// namespace, workload and container. Kinds that the user may not list are an
// error, beside what could be read.
func (h *Holds) List(ctx context.Context, namespace string) ([]Hold, error) {
	var all []Hold
	var failures []error
	for _, kind := range h.Kinds.All() {
		if kind.CreateOnly {
			continue // nothing moves them
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.GroupVersionKind.Kind + "List"))
		if err := h.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			failures = append(failures, fmt.Errorf("listing %s: %w", cmp.Or(kind.Resource, kind.GroupKind().String()), err))
			continue
		}
		for i := range list.Items {
			if o, ok := h.Kinds.FromMap(list.Items[i].Object); ok && !o.Owned() {
				all = append(all, of(o)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b Hold) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Workload, b.Workload), strings.Compare(a.Container, b.Container))
	})
	return all, errors.Join(failures...)
}

// of returns an object's holds, by container.
func of(o *workload.Object) []Hold {
	holds := record.HoldsOf(o)
	found := make([]Hold, 0, len(holds))
	for container, held := range holds {
		found = append(found, Hold{Namespace: o.Namespace(), Workload: o.Shown(), Container: container, Running: running(o, container), Held: held.String()})
	}
	slices.SortFunc(found, func(a, b Hold) int { return strings.Compare(a.Container, b.Container) })
	return found
}

func running(o *workload.Object, container string) string {
	reference, err := resolver.ParseReference(o.ImageOf(container))
	if err != nil {
		return ""
	}
	return record.Named(record.WithRecordedTag(reference, record.Of(o)[container])).String()
}

// Set adds holds to a workload, and returns what admission made of each: one
// whose container is at or past the version, or has moved past it, is not held.
func (h *Holds) Set(ctx context.Context, w access.Workload, holds record.Record) ([]Hold, error) {
	return h.change(ctx, w, holds, func(o *workload.Object) (record.Record, error) {
		if err := h.governs(ctx, o, holds); err != nil {
			return nil, err
		}
		after := record.Record{}
		for _, from := range []record.Record{record.HoldsOf(o), holds} {
			for container, held := range from {
				after[container] = held
			}
		}
		return after, nil
	})
}

// Clear takes the holds of containers off a workload, of all where none is
// named.
func (h *Holds) Clear(ctx context.Context, w access.Workload, containers []string) ([]Hold, error) {
	return h.change(ctx, w, nil, func(o *workload.Object) (record.Record, error) {
		after := record.HoldsOf(o)
		for _, container := range containers {
			if _, ok := after[container]; !ok {
				return nil, fmt.Errorf("container %q of %s is not held", container, o.Shown())
			}
			delete(after, container)
		}
		if len(containers) == 0 {
			if len(after) == 0 {
				return nil, fmt.Errorf("%s has no holds", o.Shown())
			}
			clear(after)
		}
		return after, nil
	})
}

// governs refuses a hold that would have no effect.
func (h *Holds) governs(ctx context.Context, o *workload.Object, holds record.Record) error {
	namespace := &unstructured.Unstructured{}
	namespace.SetGroupVersionKind(workload.NamespaceKind)
	if err := h.Client.Get(ctx, client.ObjectKey{Name: o.Namespace()}, namespace); err != nil {
		return fmt.Errorf("reading namespace %q: %w", o.Namespace(), err)
	}
	said := workload.NamespaceOf(o.Namespace(), namespace.GetLabels(), namespace.GetAnnotations())
	if !said.Enabled() {
		return fmt.Errorf("namespace %q has not opted in: holds have no effect there", o.Namespace())
	}
	slots, settings := map[string]workload.Slot{}, settings.ReadSettings(o, said)
	for _, slot := range o.Slots() {
		slots[slot.Key()] = slot
	}
	for container, held := range holds {
		slot, ok := slots[container]
		if !ok {
			return fmt.Errorf("%s has no container %q", o.Shown(), container)
		}
		if !settings.Rule(slot).Governed() {
			return fmt.Errorf("container %q of %s has no policy: holds have no effect there", container, o.Shown())
		}
		if why := settings.IdleHold(o, slot, held); why != "" {
			return fmt.Errorf("holding a container of %s: %s; write a whole tag of the same form", o.Shown(), why)
		}
	}
	return nil
}

// change writes new holds, on the object as it was read: a hold that admission
// makes meanwhile is not lost.
func (h *Holds) change(ctx context.Context, w access.Workload, asked record.Record, decide func(*workload.Object) (record.Record, error)) ([]Hold, error) {
	var before, after *workload.Object
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(w.Kind)
		if err := h.Client.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: w.Name}, object); err != nil {
			return w.Reading(err)
		}
		var ok bool
		if before, ok = h.Kinds.FromMap(object.DeepCopy().Object); !ok || before.Kind.CreateOnly {
			return fmt.Errorf("%s %q is no workload that is moved", w.Kind.Kind, w.Name)
		}
		if before.Owned() {
			return fmt.Errorf("%s belongs to a controller: set the hold on its owner", before.Shown())
		}
		holds, err := decide(before)
		if err != nil {
			return err
		}
		if err := h.Client.Patch(ctx, object, holdPatch(object, holds), client.FieldOwner(fieldManager)); err != nil {
			return err
		}
		after, _ = h.Kinds.FromMap(object.Object)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changedHolds(before, after, asked), nil
}

func holdPatch(object *unstructured.Unstructured, holds record.Record) client.Patch {
	var value any // null takes the annotation off
	if text := holds.String(); text != "" {
		value = text
	}
	data, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": object.GetUID(), "resourceVersion": object.GetResourceVersion(),
		"annotations": map[string]any{workload.AnnotationHold: value},
	}})
	if err != nil { // maps of strings always marshal
		return client.RawPatch(types.MergePatchType, nil)
	}
	return client.RawPatch(types.MergePatchType, data)
}

// changedHolds tells of every container that is held, was, or was asked about.
func changedHolds(before, after *workload.Object, asked record.Record) []Hold {
	was, is := record.HoldsOf(before), record.HoldsOf(after)
	var all []Hold
	for _, slot := range after.Slots() {
		key := slot.Key()
		if was[key].Tag == "" && is[key].Tag == "" && asked[key].Tag == "" {
			continue
		}
		all = append(all, Hold{
			Namespace: after.Namespace(), Workload: after.Shown(), Container: key,
			Running: running(after, key), Held: is[key].String(), Was: was[key].String(),
		})
	}
	return all
}
