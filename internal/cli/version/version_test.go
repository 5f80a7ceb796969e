package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestBuildInfo(t *testing.T) {
	recorded := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	recorded.Main.Version = "v1.2.3"
	for name, test := range map[string]struct {
		linked string
		build  *debug.BuildInfo
		want   string
	}{
		"what the linker says":           {"v2.0.0", recorded, "garboard v2.0.0 (abc, changed) "},
		"else what the Go tool recorded": {"devel", recorded, "garboard v1.2.3 (abc, changed) "},
		"no record":                      {"devel", nil, "garboard devel go"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readBuildInfo(test.linked, test.build).String(); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q…", got, test.want)
			}
		})
	}
}
