// Package version is garboard version: what the program was built from.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// Version is set by the linker in a release: -ldflags "-X github.com/garboard-dev/garboard/internal/cli/version.Version=v1.2.3".
var Version = "devel"

// BuildInfo says what this program was built from.
type BuildInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a changed checkout
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// NewCommand returns garboard version.
func NewCommand() *cobra.Command {
	var output cmdline.OutputFormat
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			build, _ := debug.ReadBuildInfo()
			info := readBuildInfo(Version, build)
			return output.Write(command.OutOrStdout(), info, info.String()+"\n")
		},
	}
	command.Flags().VarP(&output, "output", "o", "output format: json or yaml")
	return command
}

// readBuildInfo puts together what the linker and the Go tool recorded. Build
// is nil in a program that carries no record.
func readBuildInfo(linked string, build *debug.BuildInfo) BuildInfo {
	info := BuildInfo{Version: linked, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if build == nil {
		return info
	}
	if recorded := build.Main.Version; linked == "devel" && recorded != "" && recorded != "(devel)" {
		info.Version = recorded
	}
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Commit = setting.Value
		case "vcs.time":
			info.Date = setting.Value
		case "vcs.modified":
			info.Modified = setting.Value == "true"
		}
	}
	return info
}

// String returns the line that garboard version prints.
func (i BuildInfo) String() string {
	text := "garboard " + i.Version
	if i.Commit != "" {
		text += " (" + i.Commit
		if i.Modified {
			text += ", changed"
		}
		text += ")"
	}
	return fmt.Sprintf("%s %s %s", text, i.Go, i.Platform)
}
