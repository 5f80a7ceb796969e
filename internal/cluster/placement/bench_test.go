package placement_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// cluster is one of four pools, whose nodes have the labels that a cloud gives.
func cluster(size int) []*corev1.Node {
	nodes := make([]*corev1.Node, size)
	for i := range nodes {
		name := fmt.Sprintf("node-%05d", i)
		platform, more := "linux/amd64", []string{"pool=web"}
		switch i % 4 {
		case 1:
			platform = "linux/arm64"
		case 2:
			more = []string{"pool=gpu", "gpu=yes:NoSchedule"}
		case 3:
			more = []string{"pool=batch"}
		}
		for _, label := range []string{"topology.kubernetes.io/zone", "topology.kubernetes.io/region", "node.kubernetes.io/instance-type", "example.com/image"} {
			more = append(more, fmt.Sprintf("%s=%s-%d", label, "a", i%7))
		}
		nodes[i] = node(name, platform, append(more, "example.com/serial="+name)...)
	}
	return nodes
}

// What an answer costs: kept, for a placement that was not seen yet, for one
// that no node fits, and with all nodes to be sorted after one of them changed.
func BenchmarkPlatforms(b *testing.B) {
	const asks = `, tolerations: [{key: gpu, operator: Exists}], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
		{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}, {key: example.com/image, operator: NotIn, values: [a-1]}]}]}}}}`
	for _, size := range []int{1000, 5000} {
		nodes, informer := started(b, cluster(size)...)
		web := deployment(b, `{nodeSelector: {pool: web}`+asks)
		b.Run(fmt.Sprintf("nodes=%d/kept, asks for nothing", size), func(b *testing.B) {
			nothing := deployment(b, `{}`)
			for b.Loop() {
				platforms(b, nodes, nothing)
			}
		})
		b.Run(fmt.Sprintf("nodes=%d/kept", size), func(b *testing.B) {
			for b.Loop() {
				platforms(b, nodes, web)
			}
		})
		cold := func(selector string) func(*testing.B) {
			return func(b *testing.B) {
				i := 0
				for b.Loop() {
					b.StopTimer()
					i++
					o := deployment(b, fmt.Sprintf(`{nodeSelector: {%s}, tolerations: [{key: x%d, operator: Exists}]%s`, selector, i, asks[len(`, tolerations: [{key: gpu, operator: Exists}]`):]))
					b.StartTimer()
					platforms(b, nodes, o)
				}
			}
		}
		b.Run(fmt.Sprintf("nodes=%d/cold", size), cold("pool: web"))
		b.Run(fmt.Sprintf("nodes=%d/cold, no node fits", size), cold("pool: none"))
		b.Run(fmt.Sprintf("nodes=%d/a node changed", size), func(b *testing.B) {
			states := []*corev1.Node{node("changing", "linux/amd64", "pool=web"), node("changing", "linux/amd64", "pool=batch")}
			i := 0
			for b.Loop() {
				informer.Update(nil, states[i%2])
				i++
				platforms(b, nodes, web)
			}
		})
	}
}
