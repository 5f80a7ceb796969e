package relay

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Step does what is due now, and returns when to do so again.
func (r *Relay) Step(ctx context.Context) time.Duration { return r.step(ctx) }

// Prune takes out what is old now.
func (r *Relay) Prune(ctx context.Context) { r.prune(ctx) }

// Heard is what the watch tells.
func (r *Relay) Heard(stored *corev1.ConfigMap) { r.heard(stored) }

// Handed is of how many repositories it is known what was handed over.
func (r *Relay) Handed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.handed)
}

// KeyOf is the key of a repository.
func KeyOf(repository string) string { return keyOf(repository) }
