package watched

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
)

// CacheOptions returns how the manager's cache keeps workloads: see NewCache. They are what
// it holds by default: a kind of its own for each of them would be looked up at the start,
// and a custom one may not be installed yet.
func CacheOptions(kinds workload.Kinds) cache.Options {
	return cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			// Each look at a workload reads its namespace, and no reader changes it.
			EmptyNamespace(): {Transform: cache.TransformStripManagedFields(), UnsafeDisableDeepCopy: new(true)},
		},
		DefaultTransform:            packing(kinds),
		ReaderFailOnMissingInformer: true,
	}
}

// packing returns a transform for the informers of workloads: it strips them, and packs
// what is left.
func packing(kinds workload.Kinds) toolscache.TransformFunc {
	strip := Strip(kinds)
	return func(in any) (any, error) {
		full, isTyped, err := reduce(in)
		if err != nil {
			return nil, fmt.Errorf("reading a workload: %w", err)
		}
		if isTyped {
			in = full
		}
		stripped, err := strip(in)
		if err != nil {
			return nil, err
		}
		if o, ok := stripped.(*unstructured.Unstructured); ok {
			return pack(o)
		}
		return in, nil // a tombstone, or what is packed already
	}
}

// NewCache returns a manager's cache with CacheOptions, whose workloads are read as
// unstructured objects and heard of as such. What it holds are packed ones, and what its
// informers read, of Kubernetes' own kinds, typed ones.
func NewCache(inner cache.Cache) cache.Cache {
	return &packedCache{Cache: inner, informers: map[schema.GroupVersionKind]indexed{}}
}

type packedCache struct {
	cache.Cache
	mu        sync.Mutex
	informers map[schema.GroupVersionKind]indexed
}

// indexed is an informer that has what it knows at hand, as those of a manager's cache do.
type indexed interface {
	cache.Informer
	GetIndexer() toolscache.Indexer
}

// GetInformer implements cache.Informers.
func (c *packedCache) GetInformer(ctx context.Context, o client.Object, options ...cache.InformerGetOption) (cache.Informer, error) {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return c.Cache.GetInformer(ctx, o, options...)
	}
	kind := u.GroupVersionKind()
	if typed := typedFor(kind); typed != nil {
		o = typed
	}
	inner, err := c.Cache.GetInformer(ctx, o, options...)
	if err != nil {
		return nil, err
	}
	informer, ok := inner.(indexed)
	if !ok {
		return nil, fmt.Errorf("watching %s: %T has no index", kind.GroupKind(), inner)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.informers[kind] = informer
	return unpackingInformer{informer}, nil
}

// of returns the informer of a kind that GetInformer was asked for.
func (c *packedCache) of(ctx context.Context, kind schema.GroupVersionKind) (indexed, error) {
	c.mu.Lock()
	informer := c.informers[kind]
	c.mu.Unlock()
	if informer == nil {
		return nil, &cache.ErrResourceNotCached{GVK: kind}
	}
	if !informer.HasSynced() && !toolscache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, apierrors.NewTimeoutError(fmt.Sprintf("waiting for the cache of %s", kind.GroupKind()), 0)
	}
	return informer, nil
}

// Get implements client.Reader.
func (c *packedCache) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	o, ok := into.(*unstructured.Unstructured)
	if !ok {
		return c.Cache.Get(ctx, key, into, options...)
	}
	kind := o.GroupVersionKind()
	informer, err := c.of(ctx, kind)
	if err != nil {
		return err
	}
	kept, known, err := informer.GetIndexer().GetByKey(key.String())
	if err != nil {
		return fmt.Errorf("reading %q: %w", key, err)
	}
	p, ok := kept.(*packed)
	if !known || !ok {
		return apierrors.NewNotFound(schema.GroupResource{Group: kind.Group, Resource: kind.Kind}, key.Name)
	}
	o.Object = p.unpack().Object
	return nil
}

// List implements client.Reader. Of the options it knows the namespace.
func (c *packedCache) List(ctx context.Context, into client.ObjectList, options ...client.ListOption) error {
	list, ok := into.(*unstructured.UnstructuredList)
	if !ok {
		return c.Cache.List(ctx, into, options...)
	}
	kind := list.GroupVersionKind()
	kind.Kind = kind.Kind[:len(kind.Kind)-len("List")]
	informer, err := c.of(ctx, kind)
	if err != nil {
		return err
	}
	asked := (&client.ListOptions{}).ApplyOptions(options)
	kept := informer.GetIndexer().List()
	if asked.Namespace != "" {
		kept, err = informer.GetIndexer().ByIndex(toolscache.NamespaceIndex, asked.Namespace)
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", kind.GroupKind(), err)
	}
	list.Items = make([]unstructured.Unstructured, 0, len(kept))
	for _, each := range kept {
		if p, ok := each.(*packed); ok {
			list.Items = append(list.Items, *p.unpack())
		}
	}
	return nil
}

// unpackingInformer tells its handlers of unpacked workloads.
type unpackingInformer struct{ indexed }

// AddEventHandler implements cache.Informer.
func (i unpackingInformer) AddEventHandler(h toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.indexed.AddEventHandler(unpackingHandler{h})
}

// AddEventHandlerWithResyncPeriod implements cache.Informer.
func (i unpackingInformer) AddEventHandlerWithResyncPeriod(h toolscache.ResourceEventHandler, every time.Duration) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.indexed.AddEventHandlerWithResyncPeriod(unpackingHandler{h}, every)
}

// AddEventHandlerWithOptions implements cache.Informer.
func (i unpackingInformer) AddEventHandlerWithOptions(h toolscache.ResourceEventHandler, options toolscache.HandlerOptions) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.indexed.AddEventHandlerWithOptions(unpackingHandler{h}, options)
}

type unpackingHandler struct {
	toolscache.ResourceEventHandler
}

// OnAdd implements toolscache.ResourceEventHandler.
func (h unpackingHandler) OnAdd(o any, initial bool) {
	h.ResourceEventHandler.OnAdd(unpacked(o), initial)
}

// OnUpdate implements toolscache.ResourceEventHandler. A version that differs from the one
// before in nothing that is kept is no news: of a rollout there are several, and each would
// have the workload judged. The events of a resync, of one version both, are told.
func (h unpackingHandler) OnUpdate(before, after any) {
	was, okWas := before.(*packed)
	is, okIs := after.(*packed)
	if okWas && okIs && was.version != is.version && was.says(is) {
		return
	}
	if okWas && okIs && was.body == is.body {
		now := is.unpack()
		h.ResourceEventHandler.OnUpdate(was.unpackBeside(now), now)
		return
	}
	h.ResourceEventHandler.OnUpdate(unpacked(before), unpacked(after))
}

// OnDelete implements toolscache.ResourceEventHandler.
func (h unpackingHandler) OnDelete(o any) {
	if gone, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = toolscache.DeletedFinalStateUnknown{Key: gone.Key, Obj: unpacked(gone.Obj)}
	}
	h.ResourceEventHandler.OnDelete(unpacked(o))
}

func unpacked(o any) any {
	if p, ok := o.(*packed); ok {
		return p.unpack()
	}
	return o
}
