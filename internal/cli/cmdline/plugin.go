package cmdline

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// pluginName is the file name under which kubectl finds the program, and runs
// it as "kubectl garboard".
const pluginName = "kubectl-garboard"

// ProgramName is what a person types to run the program, by the name of its file.
func ProgramName(program string) string {
	if strings.TrimSuffix(filepath.Base(program), ".exe") == pluginName {
		return "kubectl garboard"
	}
	return "garboard"
}

// ownName finds the program where an example runs it: at the start of a line,
// or behind a pipe.
var ownName = regexp.MustCompile(`(?m)(^ *|\| )garboard `)

// NameAs makes the help of all commands say what a person has to type.
func NameAs(root *cobra.Command, name string) {
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: name}
	var rename func(*cobra.Command)
	rename = func(command *cobra.Command) {
		command.Example = ownName.ReplaceAllString(command.Example, "${1}"+name+" ")
		for _, below := range command.Commands() {
			rename(below)
		}
	}
	rename(root)
}
