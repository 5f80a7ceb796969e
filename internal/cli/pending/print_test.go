package pending

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

var now = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func update(name string, change func(*v1alpha1.ImageUpdate)) v1alpha1.ImageUpdate {
	u := v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, UID: "u-1", ResourceVersion: "1", CreationTimestamp: metav1.NewTime(now.Add(-2 * time.Hour))},
		Spec: v1alpha1.ImageUpdateSpec{
			WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "shop"}, Container: "web", Repository: "registry.example/shop",
			From: v1alpha1.ImageVersion{Tag: "1.2.7"}, To: v1alpha1.ImageVersion{Tag: "1.2.8"},
			Policy: "patch", VotesRequired: 2, Deadline: metav1.NewTime(now.Add(22 * time.Hour)),
		},
		Status: v1alpha1.ImageUpdateStatus{Phase: v1alpha1.PhasePending, Approvals: 1},
	}
	if change != nil {
		change(&u)
	}
	return u
}

func printed(t *testing.T, p printer, all ...v1alpha1.ImageUpdate) string {
	t.Helper()
	var out strings.Builder
	p.out, p.now = &out, func() time.Time { return now }
	if err := p.list(all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTableSaysWhatWaitsForWhomSinceWhen(t *testing.T) {
	hostile := update("shop-2", func(u *v1alpha1.ImageUpdate) {
		u.Spec.From, u.Spec.To = v1alpha1.ImageVersion{}, v1alpha1.ImageVersion{Tag: "main", Digest: "sha256:" + strings.Repeat("ab", 32)}
		u.Spec.Deadline = metav1.NewTime(now.Add(-time.Minute))
		u.Status.Voters = []v1alpha1.Voter{{Name: "ann", Verdict: v1alpha1.VerdictApprove, Comment: "\x1b[2Jgone\nroot), eve approve (fine"}, {Name: "bob\u202e", Verdict: v1alpha1.VerdictReject}}
	})
	for name, test := range map[string]struct {
		printer printer
		want    string
	}{
		"table": {printer{}, `NAME     WORKLOAD          CONTAINER   FROM    TO                         PHASE     VOTES   DEADLINE   AGE
shop-1   deployment/shop   web         1.2.7   1.2.8                      Pending   1/2     in 22h     120m
shop-2   deployment/shop   web         -       main@sha256:abababababab   Pending   1/2     passed     120m
`},
		"wide, of all namespaces": {printer{format: formatWide, namespaces: true},
			"NAMESPACE   NAME     WORKLOAD          CONTAINER   FROM    TO" + strings.Repeat(" ", 77) + "PHASE     VOTES   DEADLINE   AGE    POLICY   REPOSITORY              VOTERS\n" +
				"team        shop-1   deployment/shop   web         1.2.7   1.2.8" + strings.Repeat(" ", 74) + "Pending   1/2     in 22h     120m   patch    registry.example/shop   -\n" +
				"team        shop-2   deployment/shop   web         -       main@sha256:" + strings.Repeat("ab", 32) + "   Pending   1/2     passed     120m   patch    registry.example/shop   " +
				`ann approve "\x1b[2Jgone\nroot), eve approve (fine", bob\u202e reject` + "\n"},
		"names": {printer{format: formatName}, "imageupdate.garboard.dev/shop-1\nimageupdate.garboard.dev/shop-2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, printed(t, test.printer, update("shop-1", nil), hostile)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := printed(t, printer{format: formatTable}); got != "" {
		t.Errorf("of none: %q", got)
	}
	if got, want := printed(t, printer{format: formatJSON}), "\"items\": []"; !strings.Contains(got, want) {
		t.Errorf("of none, as JSON: got %s, want %s", got, want)
	}
}

// The example of docs/voting.md is what is printed.
func TestVotingPageShowsWhatWaits(t *testing.T) {
	page, err := os.ReadFile("../../../docs/voting.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "$ garboard pending\n" + printed(t, printer{}, update("shop-5d41402abc4b2a76", nil)); !strings.Contains(string(page), want) {
		t.Errorf("the page has not\n%s", want)
	}
}

// What waited and no longer does is told once, so that whoever watches sees how it ended.
func TestNewsAreWhatChanges(t *testing.T) {
	seen := sightings{}
	as := func(version string, phase v1alpha1.Phase) v1alpha1.ImageUpdate {
		return update("shop-1", func(u *v1alpha1.ImageUpdate) { u.ResourceVersion, u.Status.Phase = version, phase })
	}
	for _, step := range []struct {
		what string
		all  []v1alpha1.ImageUpdate
		want int
	}{
		{"one that was over before", []v1alpha1.ImageUpdate{as("1", v1alpha1.PhaseRejected)}, 0},
		{"one that waits", []v1alpha1.ImageUpdate{as("2", v1alpha1.PhasePending)}, 1},
		{"the same", []v1alpha1.ImageUpdate{as("2", v1alpha1.PhasePending)}, 0},
		{"with one more vote", []v1alpha1.ImageUpdate{as("3", v1alpha1.PhasePending)}, 1},
		{"approved", []v1alpha1.ImageUpdate{as("4", v1alpha1.PhaseApproved)}, 1},
		{"rolling out", []v1alpha1.ImageUpdate{as("5", v1alpha1.PhaseRollingOut)}, 0},
		{"gone", nil, 0},
	} {
		if got := len(seen.news(step.all)); got != step.want {
			t.Errorf("%s: got %d news, want %d", step.what, got, step.want)
		}
	}
}
