package settings

import (
	"strings"

	"github.com/garboard-dev/garboard/internal/workload"
)

// containerPolicy starts the keys that set one container's policy.
const containerPolicy = "policy."

// settingName returns the name of the setting that a key spells, without its
// prefix, and whether the key is Keel's. ok is false for any other key.
func settingName(key string) (name string, keel, ok bool) {
	switch key {
	case workload.KeelPolicyKey:
		return keyPolicy, true, true
	case workload.KeelMatchTagKey:
		return keyMatchTag, true, true
	}
	if name, ok := strings.CutPrefix(key, workload.Prefix); ok {
		return name, false, true
	}
	name, ok = strings.CutPrefix(key, workload.KeelPrefix)
	return keelName(name), true, ok
}

// written are the names of keys that a program writes, ours or Keel's: known,
// and no settings.
var written = map[string]bool{
	workload.AnnotationRecord: true, workload.AnnotationBump: true, workload.AnnotationState: true,
	workload.AnnotationOnlyIfMoved:      true,
	workload.KeelPrefix + "update-time": true, workload.KeelPrefix + "digest": true,
}

// legacy are the spellings that Keel reads where its own of today is missing.
var legacy = map[string]bool{workload.KeelPolicyKey: true, workload.KeelMatchTagKey: true}
