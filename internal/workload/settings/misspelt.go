package settings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Misspelt tells of the policies of an object that are not read, because what stands in
// front of them is no prefix but like one: garbord.dev/policy, garboard/policy. The first
// 10 are told, and other tools' policies are not.
func Misspelt(o *workload.Object) []string {
	var found []string
	for _, at := range []place{onAnnotations, onLabels} {
		keys := o.Annotations()
		if at == onLabels {
			keys = o.Labels()
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			meant := meantKey(key)
			if meant == "" || len(found) == maxStrays {
				continue
			}
			found = append(found, fmt.Sprintf("%s is not read; did you mean %q?",
				entry{key: key, place: at}.path(), printable.Escape(meant, maxShownKey)))
		}
	}
	return found
}

// meantKey is the key of a policy that another one was meant to be; empty for all others.
func meantKey(key string) string {
	if _, _, ok := settingName(key); ok || !strings.Contains(key, keyPolicy) {
		return ""
	}
	end := cmp.Or(strings.IndexByte(key, '/')+1, strings.LastIndex(key, "."+keyPolicy)+1)
	prefix, name := key[:max(end-1, 0)], key[end:]
	if name != keyPolicy && !strings.HasPrefix(name, containerPolicy) {
		return ""
	}
	for _, known := range []string{workload.Prefix, workload.KeelPrefix} {
		host := strings.TrimSuffix(known, "/")
		word, _, _ := strings.Cut(host, ".")
		if strings.EqualFold(prefix, word) || spelling.Nearest(prefix, []string{host}) != "" {
			return known + name
		}
	}
	return ""
}
