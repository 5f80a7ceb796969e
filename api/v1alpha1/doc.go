// Package v1alpha1 has the objects of approvals: an ImageUpdate is a move that a
// workload waits for, and an ImageUpdateVote is one person's word on it.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +groupName=garboard.dev
package v1alpha1
