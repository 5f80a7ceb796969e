package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionsAreSortedByVersion(t *testing.T) {
	index := NewIndex([]string{"latest", "1.10.0", "1.9.0", "v1.10.0", "1.10.0-rc.2", "1.10.0-rc.10", "20", "3", "deadbee", "1.2.3.4", "1.2.3.4.5", "1.9.0-alpine"})
	for name, test := range map[string]struct {
		current string
		want    []string
	}{
		"bare numbers are none":                {"1.9.0", []string{"1.10.0", "v1.10.0", "1.10.0-rc.10", "1.10.0-rc.2", "1.9.0", "1.9.0-alpine", "1.2.3.4"}},
		"but beside another":                   {"3", []string{"20", "3", "1.10.0", "v1.10.0", "1.10.0-rc.10", "1.10.0-rc.2", "1.9.0", "1.9.0-alpine", "1.2.3.4"}},
		"a current tag that is none":           {"latest", []string{"1.10.0", "v1.10.0", "1.10.0-rc.10", "1.10.0-rc.2", "1.9.0", "1.9.0-alpine", "1.2.3.4"}},
		"a current tag that is only a v's own": {"v2", []string{"1.10.0", "v1.10.0", "1.10.0-rc.10", "1.10.0-rc.2", "1.9.0", "1.9.0-alpine", "1.2.3.4"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, index.Versions(test.current)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if got := (*Index)(nil).Versions(""); len(got) != 0 {
		t.Errorf("a nil index: got %v", got)
	}
}

func TestNaturalSortsAllTags(t *testing.T) {
	index := NewIndex([]string{"build-10", "build-9", "latest", "build-09"})
	if diff := cmp.Diff([]string{"build-09", "build-9", "build-10", "latest"}, index.Natural()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
