package spelling_test

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/spelling"
)

func TestNearest(t *testing.T) {
	known := []string{"exclude", "filter", "imageVolumes", "matchPreRelease", "pin", "policy", "pollSchedule"}
	for name, test := range map[string]struct{ wrong, want string }{
		"a letter left out":                {"polcy", "policy"},
		"a letter left out of a long word": {"pollShedule", "pollSchedule"},
		"a letter changed":                 {"filler", "filter"},
		"a letter too many":                {"ppolicy", "policy"},
		"two letters swapped, of three":    {"pni", "pin"},
		"another ending":                   {"policies", "policy"},
		"another case":                     {"matchprerelease", "matchPreRelease"},
		"with dashes":                      {"match-pre-release", "matchPreRelease"},
		"another word":                     {"colour", ""},
		"another short word":               {"pad", ""},
		"nothing":                          {"", ""},
		"too long to be one of them":       {strings.Repeat("policy", 100), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spelling.Nearest(test.wrong, known); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got := spelling.Nearest("wab", []string{"web", "wib"}); got != "web" {
		t.Errorf("of two as near: got %q, want the first one", got)
	}
}
