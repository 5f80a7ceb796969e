package webhook

import (
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Upstreams tells what comes before a workload of the cluster: nothing where that cannot
// be told.
type Upstreams interface {
	After(ctx context.Context, u settings.Upstream) []settings.After
}

// circleTimeout bounds the search for a circle: the updater tells of one that is not found
// in that time.
const circleTimeout = time.Second

// judgeAfter adds to the settings what is wrong with `after` and takes other objects to
// see: an unknown kind, and a circle. Only what the request changes is looked
// at.
func (v *Validate) judgeAfter(ctx context.Context, in Input) {
	after := in.settings.After()
	if len(after) == 0 || in.before != nil && slices.Equal(after, in.before.After()) {
		return
	}
	for _, a := range after {
		if _, known := a.KindIn(v.Kinds.All()); !known {
			in.settings.RefuseAfter("unknown kind in " + a.String() + "; known: " + knownKinds(v.Kinds))
			return
		}
	}
	if v.Upstreams == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, circleTimeout)
	defer cancel()
	self := settings.UpstreamOf(in.Object.Kind.GroupKind(), in.Namespace.Name, in.Object.Name())
	circle := settings.Circle(self, after, func(u settings.Upstream) []settings.After {
		if ctx.Err() != nil {
			return nil
		}
		return v.Upstreams.After(ctx, u)
	})
	if circle != nil {
		in.settings.RefuseAfter("a circle: " + settings.CircleText(circle) + "; allowed: workloads that do not come after this one")
	}
}

// knownKinds are the kinds that roll, as `after` spells them.
func knownKinds(kinds workload.Kinds) string {
	rolling := kinds.Rolling()
	names := make([]string, 0, len(rolling))
	for _, kind := range rolling {
		names = append(names, settings.KindText(kind.GroupKind()))
	}
	return strings.Join(names, ", ")
}

// LiveUpstreams reads the metadata of workloads from the API server, and no more of them.
type LiveUpstreams struct {
	Live       client.Reader
	Kinds      workload.Kinds
	Namespaces Namespaces
}

// After implements Upstreams. A workload that is gone, or may not be read, comes after
// none.
func (l *LiveUpstreams) After(ctx context.Context, u settings.Upstream) []settings.After {
	kind, known := u.KindIn(l.Kinds.All())
	namespace, err := l.Namespaces.Namespace(ctx, u.Namespace)
	if !known || err != nil || !namespace.Enabled() {
		return nil
	}
	read := &metav1.PartialObjectMetadata{}
	read.SetGroupVersionKind(kind.GroupVersionKind)
	if err := l.Live.Get(ctx, client.ObjectKey{Namespace: u.Namespace, Name: u.Name}, read); err != nil {
		log.FromContext(ctx).V(1).Info("upstream could not be read", "upstream", u.String(), "error", err.Error())
		return nil
	}
	root, err := runtime.DefaultUnstructuredConverter.ToUnstructured(read)
	if err != nil {
		return nil
	}
	object, ok := l.Kinds.FromMap(root)
	if !ok {
		return nil
	}
	return settings.AfterOf(object, namespace)
}
