package kubelet

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// leaseLasts is what a kubelet's Lease lasts by default; it is renewed four
// times as often.
const leaseLasts = 40 * time.Second

// syncNode makes a node ready that is not: a new one, or one that the
// controllers gave up while this process was not there.
func (k *kubelet) syncNode(ctx context.Context, name cache.ObjectName) error {
	node, err := k.nodes.Get(name.Name)
	if err != nil {
		return unlessReplaced(err)
	}
	status := nextNodeStatus(node, metav1.NewTime(k.now()))
	if status == nil {
		return nil
	}
	if err := k.renewLease(ctx, node); err != nil {
		return err
	}
	patch, err := statusPatch(node.UID, status)
	if err != nil {
		return err
	}
	_, err = k.client.CoreV1().Nodes().Patch(ctx, node.Name, patchType, patch, metav1.PatchOptions{}, "status")
	return unlessReplaced(err)
}

// nextNodeStatus returns what makes the node ready, or nil if it is ready.
func nextNodeStatus(node *corev1.Node, now metav1.Time) *corev1.NodeStatus {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return &corev1.NodeStatus{
		Phase: corev1.NodeRunning,
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "the kubelet is played",
			LastHeartbeatTime: now, LastTransitionTime: now,
		}},
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: nodeAddress},
			{Type: corev1.NodeHostName, Address: node.Name},
		},
	}
}

// renewLeases renews the Lease of each node, by which the controllers know that
// a kubelet is there.
func (k *kubelet) renewLeases(ctx context.Context) {
	tick := time.NewTicker(leaseLasts / 4)
	defer tick.Stop()
	for {
		nodes, err := k.nodes.List(labels.Everything())
		if err != nil {
			klog.FromContext(ctx).Error(err, "Listing nodes of the cache")
		}
		for _, node := range nodes {
			if err := k.renewLease(ctx, node); err != nil && ctx.Err() == nil {
				klog.FromContext(ctx).Error(err, "Renewing a node's Lease", "node", node.Name)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (k *kubelet) renewLease(ctx context.Context, node *corev1.Node) error {
	leases := k.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := leases.Get(ctx, node.Name, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return fmt.Errorf("reading the Lease: %w", err)
	}
	if missing {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Name: node.Name, Namespace: corev1.NamespaceNodeLease,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}},
		}}
	}
	now := metav1.NewMicroTime(k.now())
	lease.Spec.HolderIdentity = ptr.To(node.Name)
	lease.Spec.LeaseDurationSeconds = ptr.To(int32(leaseLasts / time.Second))
	lease.Spec.RenewTime = &now
	if missing {
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	} else {
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err == nil || apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) { // the other worker has just renewed it
		return nil
	}
	return fmt.Errorf("writing the Lease: %w", err)
}
