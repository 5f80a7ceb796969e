package docs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// The gates of the settings stand in the page's table, in the order in which they are
// judged, and the page says which of them bind every writer.
func TestUpdaterPageListsEveryGate(t *testing.T) {
	page := flowing(t, "updater.md")
	_, section, _ := strings.Cut(page, "## Gates")
	section, _, _ = strings.Cut(section, "## Health")
	at := 0
	var binding []string
	for _, gate := range settings.AllGates() {
		row := regexp.MustCompile(`\| [a-z]+ \| .` + string(gate) + `[:\x60]`).FindStringIndex(section[at:])
		if row == nil {
			t.Errorf("the table of gates has no row of %s, in the order of %v", gate, settings.AllGates())
			continue
		}
		at += row[1]
		if gate.BindsWriters() {
			binding = append(binding, "`"+string(gate)+"`")
		}
	}
	last := len(binding) - 1
	if want := strings.Join(binding[:last], ", ") + " and " + binding[last] + " bind every writer"; !strings.Contains(section, want) {
		t.Errorf("the page does not say that %s", want)
	}
}
