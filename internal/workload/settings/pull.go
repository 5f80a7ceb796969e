package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
)

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
				printable.Cut(strings.TrimSpace(item), maxShownValue))
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

// Bounds on a list of platforms, each of which is looked for in every image.
const (
	maxPlatforms    = 16
	maxPlatformText = 1024
)
