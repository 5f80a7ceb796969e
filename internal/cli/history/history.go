// Package history tells what became of a workload's images: the results that
// admission keeps on the object, with the times and reasons of the updater's
// Events for as long as the API server keeps those.
package history

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
)

// reporter is the name under which the updater writes Events.
const reporter = "garboard-updater"

// maxEvents bounds how many Events of one workload are read.
const maxEvents = 500

// Who an entry says did it.
const (
	// ByUpdater is a bump: its Event tells.
	ByUpdater = "updater"
	// ByAdmission is an answer to a write that nothing else is known of: an
	// apply, or a bump whose Event is gone.
	ByAdmission = "admission"
	// ByWriter is an image as a writer named it.
	ByWriter = "writer"
)

// Entry is one thing that happened to a container.
type Entry struct {
	// Time is when; nil where no Event tells it.
	Time *metav1.Time `json:"time,omitempty"`
	// Container is empty where the whole workload is meant.
	Container string `json:"container,omitempty"`
	// Image is what the container got, as repository and tag or digest; empty
	// for what changed no image.
	Image string `json:"image,omitempty"`
	// Source is the image that the manifest names.
	Source string `json:"source,omitempty"`
	// By is ByUpdater, ByAdmission or ByWriter.
	By string `json:"by"`
	// Why is for people; of an Event it starts with the Event's reason.
	Why string `json:"why,omitempty"`
	// Running marks the image that the workload's template names now.
	Running bool `json:"running,omitempty"`
}

// History is what is known of one workload.
type History struct {
	Namespace string `json:"namespace"`
	// Workload is the resource and the name: deployment.apps/shop.
	Workload string `json:"workload"`
	// Entries are the newest first, and of one container in the order in which
	// they happened. One without a time stands at the earliest that it can
	// have been.
	Entries []Entry `json:"entries"`
}

// Reader reads through the API server.
type Reader struct {
	// Kinds are those that are governed. The default is those of Kubernetes itself.
	Kinds  workload.Kinds
	Client client.Reader
}

// Of returns the history of one object. Where the Events cannot be read, the
// history comes without them, and with an error.
func (r *Reader) Of(ctx context.Context, kind schema.GroupVersionKind, key types.NamespacedName) (*History, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	if err := r.Client.Get(ctx, key, object); err != nil {
		return nil, err
	}
	o, ok := r.Kinds.FromMap(object.Object)
	if !ok {
		return nil, fmt.Errorf("%s %q is no workload that Garboard governs", kind.Kind, key.Name)
	}
	told, err := r.events(ctx, object)
	return &History{Namespace: key.Namespace, Workload: o.Shown(), Entries: collectEntries(o, told)}, err
}

// events returns what the updater said of an object.
func (r *Reader) events(ctx context.Context, o *unstructured.Unstructured) ([]corev1.Event, error) {
	list := &corev1.EventList{}
	about := fields.Set{"involvedObject.uid": string(o.GetUID())}.AsSelector()
	err := r.Client.List(ctx, list, client.InNamespace(o.GetNamespace()), client.MatchingFieldsSelector{Selector: about}, client.Limit(maxEvents))
	if err != nil {
		return nil, fmt.Errorf("reading the Events of %s: %w", strings.ToLower(o.GetKind())+"/"+o.GetName(), err)
	}
	ours := make([]corev1.Event, 0, len(list.Items))
	for _, event := range list.Items {
		if event.ReportingController == reporter {
			ours = append(ours, event)
		}
	}
	return ours, nil
}
