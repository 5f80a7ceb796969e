package workload

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/garboard-dev/garboard/resolver"
)

// What a pull of the template's images takes: the Secrets that a registry is
// asked with, and the platforms that the images have to be built for.

// maxPullSecrets bounds the Secrets that one workload makes us read.
const maxPullSecrets = 16

// PullSecrets returns the names of the pod template's imagePullSecrets, the
// first 16 of them. An item without a usable name is an empty text, since even
// a list of such keeps the ServiceAccount's from being added.
func (o *Object) PullSecrets() []string {
	items, _ := child(o.template(), "spec")["imagePullSecrets"].([]any)
	items = items[:min(len(items), maxPullSecrets)]
	if len(items) == 0 {
		return nil
	}
	names := make([]string, len(items))
	for i, item := range items {
		reference, _ := item.(map[string]any)
		names[i] = text(reference["name"])
	}
	return names
}

// ServiceAccountName returns the name of the ServiceAccount that the template's
// Pods run as; empty where the template leaves it to the API server, which then
// takes "default".
func (o *Object) ServiceAccountName() string {
	spec := child(o.template(), "spec")
	return cmp.Or(text(spec["serviceAccountName"]), text(spec["serviceAccount"]))
}

// checkSecret takes an empty text from Keel's users, to whom it means none.
func checkSecret(e entry) string {
	if e.keel && e.value == "" {
		return ""
	}
	if len(validation.IsDNS1123Subdomain(e.value)) > 0 {
		return "no name of a Secret; allowed: lower-case letters, digits, '-' and '.', at most 253"
	}
	return ""
}

// Bounds on a list of platforms, each of which is looked for in every image.
const (
	maxPlatforms    = 16
	maxPlatformText = 1024
)

func checkPlatforms(e entry) string {
	if _, err := parsePlatforms(e.value); err != nil {
		return err.Error()
	}
	return ""
}

// parsePlatforms reads a comma-separated list. The order and repetitions mean
// nothing, and so are not kept.
func parsePlatforms(list string) ([]resolver.Platform, error) {
	if len(list) > maxPlatformText {
		return nil, fmt.Errorf("%d bytes; allowed: at most %d", len(list), maxPlatformText)
	}
	var platforms []resolver.Platform
	for item := range strings.SplitSeq(list, ",") {
		platform, err := resolver.ParsePlatform(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("bad platform %q; allowed: os/architecture or os/architecture/variant, comma-separated, such as linux/amd64, linux/arm64",
				cut(strings.TrimSpace(item), maxShownValue))
		}
		platforms = append(platforms, platform)
	}
	slices.SortFunc(platforms, func(a, b resolver.Platform) int { return cmp.Compare(a.String(), b.String()) })
	platforms = slices.Compact(platforms)
	if len(platforms) > maxPlatforms {
		return nil, fmt.Errorf("%d platforms; allowed: at most %d", len(platforms), maxPlatforms)
	}
	return platforms, nil
}
