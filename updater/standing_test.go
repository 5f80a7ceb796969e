package updater

import (
	"testing"

	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// Each of several updaters tells of what it owns: the others know more of the rest.
func TestStandingsAreOfWhatIsOurs(t *testing.T) {
	b := newBench(t, move.Pace{})
	b.Ownership = owned("example.com/ours")
	for _, name := range []string{"ours", "theirs"} {
		b.report.Keep(key(name), []report.Standing{{Namespace: "on", Name: name, Container: "web", Repository: "example.com/" + name}})
	}
	if all := b.Standings(""); len(all) != 1 || all[0].Name != "ours" {
		t.Errorf("told of %+v", all)
	}
}
