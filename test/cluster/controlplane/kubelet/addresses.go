package kubelet

import (
	"errors"
	"net/netip"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// nodeAddress is that of all nodes; Pods have the others of podRange.
const (
	nodeAddress = "10.0.0.1"
	podRange    = "10.0.0.0/16"
)

// addresses gives each Pod an address of its own. Nothing listens there.
type addresses struct {
	mu    sync.Mutex
	last  netip.Addr
	byPod map[cache.ObjectName]netip.Addr
	taken map[netip.Addr]bool
}

func newAddresses() *addresses {
	node := netip.MustParseAddr(nodeAddress)
	return &addresses{
		last:  node,
		byPod: map[cache.ObjectName]netip.Addr{},
		taken: map[netip.Addr]bool{node: true},
	}
}

// of returns the Pod's address. One that was released is given again only after
// all others, as late as a real network would.
func (a *addresses) of(pod cache.ObjectName) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if address, ok := a.byPod[pod]; ok {
		return address.String(), nil
	}
	within := netip.MustParsePrefix(podRange)
	if len(a.taken) >= 1<<(32-within.Bits())-2 { // without the first and the last
		return "", errors.New("no Pod address is free in " + podRange)
	}
	next := a.last
	for {
		next = next.Next()
		if !within.Contains(next.Next()) {
			next = within.Addr().Next()
		}
		if !a.taken[next] {
			break
		}
	}
	a.last = next
	a.keep(pod, next)
	return next.String(), nil
}

func (a *addresses) keep(pod cache.ObjectName, address netip.Addr) {
	a.byPod[pod], a.taken[address] = address, true
}

func (a *addresses) release(pod cache.ObjectName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if address, ok := a.byPod[pod]; ok {
		delete(a.byPod, pod)
		delete(a.taken, address)
	}
}

// keepAddresses takes over what the Pods have from before a restart.
func (k *kubelet) keepAddresses() {
	pods, err := k.pods.List(labels.Everything())
	if err != nil {
		klog.Background().Error(err, "Listing Pods of the cache")
	}
	k.addresses.mu.Lock()
	defer k.addresses.mu.Unlock()
	for _, pod := range pods {
		if address, err := netip.ParseAddr(pod.Status.PodIP); err == nil && !pod.Spec.HostNetwork {
			k.addresses.keep(cache.MetaObjectToName(pod), address)
		}
	}
}
