package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCandidatesOfPoliciesThatGoByDate(t *testing.T) {
	no := false
	tags := []string{"build-9", "build-10", "latest", "1.0.0", "1.1.0", "2.0.0-rc.1", "dev-1"}
	for name, test := range map[string]struct {
		spec    Spec
		current string
		want    []string
	}{
		"newest takes every tag but the current one, in natural order": {
			Spec{Name: "newest"}, "latest", []string{"dev-1", "build-10", "build-9", "2.0.0-rc.1", "1.1.0", "1.0.0"}},
		"newest keeps to filter and exclude": {
			Spec{Name: "newest", Filter: "^build-", Exclude: []string{"*-9"}}, "latest", []string{"build-10"}},
		"newest may go to a lower version": {
			Spec{Name: "newest", Filter: `^\d`}, "1.1.0", []string{"1.0.0", "2.0.0-rc.1"}},
		"force moves a version to higher versions alone": {
			Spec{Name: "force"}, "1.0.0", []string{"1.1.0", "2.0.0-rc.1"}},
		"force without matchTag moves what is no version to anything": {
			Spec{Name: "force", MatchTag: &no, Filter: "^(latest|1)"}, "latest", []string{"1.1.0", "1.0.0"}},
		"the text that is extracted gives the order": {
			Spec{Name: "newest", Filter: `^build-(\d+)$`, Extract: "$1"}, "build-9", []string{"build-10"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := parsed(t, test.spec)
			if !p.ByDate(test.current) {
				t.Fatal("it does not go by date")
			}
			if diff := cmp.Diff(test.want, p.Candidates(NewIndex(tags), test.current, nil)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
