// Package workload reads Kubernetes objects of every kind that Garboard governs: their
// pod templates with the image slots, their labels and annotations. It and settings are
// the only packages that spell Garboard's and Keel's keys.
package workload

import "strings"

// The prefixes of the keys that are read. Both name the same settings;
// Garboard's own wins where a workload carries both.
const (
	Prefix     = "garboard.dev/"
	KeelPrefix = "keel.sh/"
)

// Labels of a Namespace.
const (
	// LabelEnabled opts a namespace in with the value "true".
	LabelEnabled = Prefix + "enabled"
	// LabelValidate sets how the final images are judged: enforce, warn or
	// off. The default is warn.
	LabelValidate = Prefix + "validate"
)

// LabelSkip on a workload, with the value "true", leaves it alone. It is a label
// so that a webhook configuration can select by it (components/escape-label),
// which works while no webhook does.
const LabelSkip = Prefix + "skip"

// LabelShards on a Lease says over how many shards its holder divides the
// repositories.
const LabelShards = Prefix + "shards"

// Annotations that Garboard itself writes.
const (
	// AnnotationRecord stands on the pod template: container=result, ….
	AnnotationRecord = Prefix + "resolved"
	// AnnotationBump is put on the pod template by the updater and taken off
	// again by admission: container=target, ….
	AnnotationBump = Prefix + "bump"
	// AnnotationChatMessage of an ImageUpdate says which message of a chat shows it.
	AnnotationChatMessage = Prefix + "chat-message"
	// AnnotationOnlyIfMoved is put on the object by the updater, beside a bump, and
	// taken off by admission if an image moves. No key of an annotation may have a
	// colon, so that the API server itself refuses a bump that moves nothing, or that
	// no webhook has seen.
	AnnotationOnlyIfMoved = Prefix + "only-if:moved"
	// AnnotationState stands on the object: each container's source and its
	// last results, as JSON.
	AnnotationState = Prefix + "state"
)

const (
	// KeelPolicyKey is the spelling of Keel's first releases.
	KeelPolicyKey = "keel.observer/policy"
	// KeelMatchTagKey is an older spelling of matchTag.
	KeelMatchTagKey = KeelPrefix + "match-tag"
	lastApplied     = "kubectl.kubernetes.io/last-applied-configuration"
)

// IsKey reports whether the key is one of Garboard's or Keel's.
func IsKey(key string) bool {
	return strings.HasPrefix(key, Prefix) || strings.HasPrefix(key, KeelPrefix) || key == KeelPolicyKey
}

// KeelKey is how Keel spells a key.
func KeelKey(name string) string { return KeelPrefix + name }
