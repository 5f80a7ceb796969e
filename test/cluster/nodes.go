package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// bootNodes creates the nodes and waits until each is ready.
func (c *Cluster) bootNodes(ctx context.Context) error {
	version, err := c.client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("asking for the API server's version: %w", err)
	}
	nodes := c.client.CoreV1().Nodes()
	for i := range c.nodes {
		node := newNode(fmt.Sprintf("node-%d", i), version.GitVersion)
		if _, err := nodes.Create(ctx, node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating node %q: %w", node.Name, err)
		}
		err := c.await(ctx, c.part(partKubelet), node.Name, func(ctx context.Context) error {
			got, err := nodes.Get(ctx, node.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			return schedulable(got)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// schedulable says why a Pod cannot be scheduled to the node: the kubelet must
// have made it ready and the controllers must have seen that.
func schedulable(node *corev1.Node) error {
	for _, taint := range node.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule {
			return fmt.Errorf("node has the taint %s", taint.Key)
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("node is not ready")
}

// newNode is an object only.
func newNode(name, version string) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("1000"),
		corev1.ResourceMemory: resource.MustParse("1Ti"),
		corev1.ResourcePods:   resource.MustParse("10000"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelArchStable: "amd64",
				corev1.LabelOSStable:   "linux",
				corev1.LabelHostname:   name,
			},
		},
		Status: corev1.NodeStatus{
			Allocatable: room,
			Capacity:    room,
			NodeInfo:    corev1.NodeSystemInfo{Architecture: "amd64", OperatingSystem: "linux", KubeletVersion: version},
		},
	}
}
