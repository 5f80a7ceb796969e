package updater

import (
	"context"
	"testing"

	"github.com/garboard-dev/garboard/updater/report"
)

// owned is an Ownership of one repository.
type owned string

func (o owned) Owns(repository string) bool { return repository == string(o) }

func (owned) Begin(ctx context.Context, _ string) (context.Context, func(), bool) {
	return ctx, func() {}, true
}

func (owned) Changed() <-chan struct{} { return nil }

// Each of several updaters tells of what it owns: the others know more of the rest.
func TestStandingsAreOfWhatIsOurs(t *testing.T) {
	u, _ := planner(t)
	u.Ownership = owned("example.com/ours")
	for _, name := range []string{"ours", "theirs"} {
		u.report.Keep(key(name), []report.Standing{{Namespace: "on", Name: name, Container: "web", Repository: "example.com/" + name}})
	}
	if all := u.Standings(""); len(all) != 1 || all[0].Name != "ours" {
		t.Errorf("told of %+v", all)
	}
}
