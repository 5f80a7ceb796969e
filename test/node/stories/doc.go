// Package stories tells, on a node for real, what only a node can tell of Garboard: that
// its image runs in Pods, with what a kubelet brings there, and what becomes of the
// images that it chose. They run in the sandbox of test/node (make test-node), and are
// skipped elsewhere.
package stories
