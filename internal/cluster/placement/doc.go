// Package placement answers on which platforms the Pods of a workload can run:
// a newer image is no candidate where the workload's nodes could not start it.
//
// Nodes follows the cluster's nodes and matches them with a pod template as the
// scheduler does: node name, node selector, required node affinity, and taints
// against tolerations. What passes by does not count: room, preferences, and
// the taints that a node has while it is cordoned, drained, starting or ill.
// What is added to Pods later is not known: the tolerations and selectors of a
// RuntimeClass or of an admission plugin. Neither is spec.os read, by which the
// scheduler does not go. A node counts for every workload that nothing keeps off
// it: a Windows node without a taint does for one that names no operating system.
//
// The answer is for the admission path: it is kept for each placement until a
// node changes, so that a cluster of thousands of nodes is matched once.
package placement
