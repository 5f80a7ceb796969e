package chaos

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// watched is one kind of object of one namespace.
type watched struct {
	list  func(context.Context) (items []runtime.Object, version string, err error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
	see   func(o runtime.Object, gap bool)
	gap   func()
}

// follow shows every version that is stored, in order. An informer would not do:
// it keeps the last one. Where the API server has forgotten what came after the
// last version that was seen, as it has after its restart, the list is read
// again.
func (w watched) follow(ctx context.Context) {
	version, gap := "", false
	for ctx.Err() == nil {
		if version == "" {
			items, at, err := w.list(ctx)
			if err != nil {
				pause(ctx)
				continue
			}
			for _, item := range items {
				w.see(item, gap)
			}
			version = at
		}
		version = w.events(ctx, version)
		if version == "" {
			gap = true
			w.gap()
		}
	}
}

// events returns the version to go on from; empty where that is lost.
func (w watched) events(ctx context.Context, version string) string {
	stream, err := w.watch(ctx, metav1.ListOptions{ResourceVersion: version})
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return ""
	}
	if err != nil {
		pause(ctx)
		return version
	}
	defer stream.Stop()
	for event := range stream.ResultChan() {
		object, ok := event.Object.(metav1.Object)
		if !ok || event.Type == watch.Error {
			return ""
		}
		version = object.GetResourceVersion()
		if event.Type != watch.Deleted {
			w.see(event.Object, false)
		}
	}
	return version
}

// pause leaves an API server that is away alone for a moment.
func pause(ctx context.Context) {
	timer := time.NewTimer(time.Second / 2)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// watches are what the ledger is told by.
func watches(client kubernetes.Interface, namespace string, l *ledger) []watched {
	deployments, sets := client.AppsV1().Deployments(namespace), client.AppsV1().ReplicaSets(namespace)
	return []watched{
		{
			list:  listed(deployments.List),
			watch: deployments.Watch,
			see:   func(o runtime.Object, gap bool) { l.deployment(o.(*appsv1.Deployment), gap) },
			gap:   l.gap,
		},
		{
			list:  listed(sets.List),
			watch: sets.Watch,
			see:   func(o runtime.Object, _ bool) { l.replicaSet(o.(*appsv1.ReplicaSet)) },
			gap:   func() {},
		},
	}
}

// listed takes a list apart.
func listed[L interface {
	runtime.Object
	metav1.ListInterface
}](list func(context.Context, metav1.ListOptions) (L, error)) func(context.Context) ([]runtime.Object, string, error) {
	return func(ctx context.Context) ([]runtime.Object, string, error) {
		found, err := list(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, "", err
		}
		items, err := meta.ExtractList(found)
		return items, found.GetResourceVersion(), err
	}
}
