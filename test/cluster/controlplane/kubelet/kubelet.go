// Package kubelet plays the kubelet of every node: no image is pulled and no
// container runs, the statuses are made up.
//
//   - A Node is ready at once, and its Lease is renewed.
//   - A Pod runs and is ready at once, its readiness gates too. An init container
//     has completed, a sidecar runs; imageID is the image's text.
//   - A Pod with "unpullable" in a container's image stays in ImagePullBackOff, so
//     that its rollout hangs as a real one does.
//   - A Job's Pod completes as soon as it runs.
//   - A deleted Pod is gone at once.
package kubelet

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// workers is how many requests are under way at once.
const workers = 16

type kubelet struct {
	client    kubernetes.Interface
	nodes     corelisters.NodeLister
	pods      corelisters.PodLister
	addresses *addresses
	now       func() time.Time
}

type queue = workqueue.TypedRateLimitingInterface[cache.ObjectName]

// Run plays until the context ends. The configuration is an administrator's.
func Run(ctx context.Context, config *rest.Config) error {
	config = rest.CopyConfig(config)
	config.QPS = -1 // one client for what would be a kubelet a node
	config.UserAgent = "kubelet"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return run(ctx, client, time.Now)
}

func run(ctx context.Context, client kubernetes.Interface, now func() time.Time) error {
	all := informers.NewSharedInformerFactory(client, 0)
	scheduled := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermNotEqualSelector("spec.nodeName", "").String()
	}))
	nodes, pods := all.Core().V1().Nodes(), scheduled.Core().V1().Pods()
	k := &kubelet{client: client, nodes: nodes.Lister(), pods: pods.Lister(), addresses: newAddresses(), now: now}

	nodeQueue, podQueue := newQueue(), newQueue()
	if _, err := nodes.Informer().AddEventHandler(enqueue(nodeQueue)); err != nil {
		return err
	}
	if _, err := pods.Informer().AddEventHandler(enqueue(podQueue)); err != nil {
		return err
	}
	all.Start(ctx.Done())
	scheduled.Start(ctx.Done())
	// An address that a Pod has from before must be known before another gets it.
	if !cache.WaitForCacheSync(ctx.Done(), nodes.Informer().HasSynced, pods.Informer().HasSynced) {
		return ctx.Err()
	}
	k.keepAddresses()

	var running sync.WaitGroup
	running.Go(func() { k.renewLeases(ctx) })
	running.Go(func() { work(ctx, nodeQueue, k.syncNode) })
	for range workers {
		running.Go(func() { work(ctx, podQueue, k.syncPod) })
	}
	<-ctx.Done()
	nodeQueue.ShutDown()
	podQueue.ShutDown()
	running.Wait()
	all.Shutdown()
	scheduled.Shutdown()
	return nil
}

func newQueue() queue {
	return workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](50*time.Millisecond, 5*time.Second))
}

func enqueue(q queue) cache.ResourceEventHandlerFuncs {
	add := func(object any) {
		if name, err := cache.DeletionHandlingObjectToName(object); err == nil {
			q.Add(name)
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, object any) { add(object) }, DeleteFunc: add}
}

// work takes names from the queue until it is shut down.
func work(ctx context.Context, q queue, do func(context.Context, cache.ObjectName) error) {
	for {
		name, stopped := q.Get()
		if stopped {
			return
		}
		if err := do(ctx, name); err == nil {
			q.Forget(name)
		} else {
			if ctx.Err() == nil {
				klog.FromContext(ctx).Error(err, "Playing the kubelet", "object", name)
			}
			q.AddRateLimited(name)
		}
		q.Done(name)
	}
}

// syncPod does what is next for a Pod.
func (k *kubelet) syncPod(ctx context.Context, name cache.ObjectName) error {
	pod, err := k.pods.Pods(name.Namespace).Get(name.Name)
	if apierrors.IsNotFound(err) {
		k.addresses.release(name)
		return nil
	}
	if err != nil {
		return err
	}
	pods := k.client.CoreV1().Pods(name.Namespace)
	if pod.DeletionTimestamp != nil {
		options := metav1.NewDeleteOptions(0)
		options.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
		return unlessReplaced(pods.Delete(ctx, name.Name, *options))
	}
	status := nextStatus(pod, metav1.NewTime(k.now()))
	if status == nil {
		return nil
	}
	if status.Phase == corev1.PodRunning {
		if err := k.locate(pod, status); err != nil {
			return err
		}
	}
	patch, err := statusPatch(pod.UID, status)
	if err != nil {
		return err
	}
	_, err = pods.Patch(ctx, name.Name, patchType, patch, metav1.PatchOptions{}, "status")
	return unlessReplaced(err)
}

// unlessReplaced leaves out that the object is gone or another of its name is
// there, which has an event of its own.
func unlessReplaced(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// locate puts the addresses of a Pod and of its node into the status.
func (k *kubelet) locate(pod *corev1.Pod, status *corev1.PodStatus) error {
	if pod.Status.PodIP != "" {
		return nil
	}
	address := nodeAddress
	if !pod.Spec.HostNetwork {
		var err error
		if address, err = k.addresses.of(cache.MetaObjectToName(pod)); err != nil {
			return err
		}
	}
	status.HostIP, status.HostIPs = nodeAddress, []corev1.HostIP{{IP: nodeAddress}}
	status.PodIP, status.PodIPs = address, []corev1.PodIP{{IP: address}}
	return nil
}
