package status

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater/report"
)

// statusFormat is the value of -o of garboard status. Empty is the table.
type statusFormat string

const (
	statusTable statusFormat = "table"
	statusWide  statusFormat = "wide"
	statusJSON  statusFormat = "json"
	statusYAML  statusFormat = "yaml"
)

// String returns the format as it is written on the command line.
func (f *statusFormat) String() string { return string(*f) }

// Type names the value in the help.
func (f *statusFormat) Type() string { return "format" }

// Choices are the formats of the list.
func (f *statusFormat) Choices() []string {
	return cmdline.Words(statusTable, statusWide, statusJSON, statusYAML)
}

// Set refuses every format but the four.
func (f *statusFormat) Set(text string) error { return cmdline.SetChoice(f, text) }

func (f statusFormat) forPeople() bool { return f != statusJSON && f != statusYAML }

// colourMode is when to colour. Empty is auto.
type colourMode string

const (
	colourAuto   colourMode = "auto"
	colourAlways colourMode = "always"
	colourNever  colourMode = "never"
)

// String returns the mode as it is written on the command line.
func (c *colourMode) String() string { return string(*c) }

// Type names the value in the help.
func (c *colourMode) Type() string { return "when" }

// Choices are the modes.
func (c *colourMode) Choices() []string { return cmdline.Words(colourAuto, colourAlways, colourNever) }

// Set refuses every mode but the three.
func (c *colourMode) Set(text string) error { return cmdline.SetChoice(c, text) }

// on reports whether to colour what is written. Any value of NO_COLOR but the
// empty one says no.
func (c colourMode) on(out io.Writer, env func(string) (string, bool)) bool {
	if c == colourAlways || c == colourNever {
		return c == colourAlways
	}
	if value, _ := env("NO_COLOR"); value != "" {
		return false
	}
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// colours are those of the states, as terminals number them.
var colours = map[report.State]string{
	report.StateCurrent: "32", // green
	report.StatePending: "33", // yellow
	report.StateRolling: "36", // cyan
	report.StateFailed:  "31", // red
	report.StateUnknown: "2",  // faint
}

// dueText is how far off a moment is, as kubectl writes ages.
func dueText(at *metav1.Time, now time.Time) string {
	switch {
	case at == nil:
		return "-"
	case at.After(now):
		return "in " + duration.HumanDuration(at.Sub(now))
	default:
		return "now"
	}
}
