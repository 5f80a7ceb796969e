// Package workload reads what Kubernetes objects say to Garboard: the image
// slots of every kind's pod template, the settings on labels and annotations,
// and the record and state that admission keeps there. It is the only package
// that spells Garboard's and Keel's keys.
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
	// AnnotationState stands on the object: each container's source and its
	// last results, as JSON.
	AnnotationState = Prefix + "state"
)

const (
	// keelPolicyKey is the spelling of Keel's first releases.
	keelPolicyKey = "keel.observer/policy"
	// keelMatchTagKey is an older spelling of matchTag.
	keelMatchTagKey = KeelPrefix + "match-tag"
	lastApplied     = "kubectl.kubernetes.io/last-applied-configuration"
)

// IsKey reports whether the key is one of Garboard's or Keel's.
func IsKey(key string) bool {
	return strings.HasPrefix(key, Prefix) || strings.HasPrefix(key, KeelPrefix) || key == keelPolicyKey
}
