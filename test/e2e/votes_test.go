package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// asAdministrator adds the user whom kubectl acts as to a group that RBAC refuses nothing.
const asAdministrator = "--as-group=system:masters"

// newVotingSpace is a space in which ann, bob and a ServiceAccount may vote, on updates that
// no updater looks at, while no webhook answers.
func newVotingSpace(t *testing.T) *space {
	t.Helper()
	alone(t)
	s := makeSpace(t, nil)
	s.stopUpdater()
	t.Cleanup(func() { s.startUpdater() })
	s.only()
	s.must("", "create", "rolebinding", "voters", "--clusterrole=garboard-voter", "--user=ann", "--user=bob", "--serviceaccount="+s.name+":ci")
	return s
}

// propose makes updates as the updater does, of a Deployment each.
func (s *space) propose(names ...string) {
	s.t.Helper()
	var all strings.Builder
	for _, name := range names {
		fmt.Fprintf(&all, `---
apiVersion: garboard.dev/v1alpha1
kind: ImageUpdate
metadata: {name: %[1]s, labels: {team: shop}}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: %[1]s, uid: uid-%[1]s}
  container: web
  repository: registry.example/shop
  from: {tag: 1.2.0}
  to: {tag: 1.2.7, digest: "sha256:ab"}
  policy: patch
  votesRequired: 2
  deadline: "2100-01-01T00:00:00Z"
`, name)
	}
	s.must(all.String(), "create", asUpdater, "-f", "-")
}

func (s *space) phase(name, phase string) {
	s.t.Helper()
	s.must("", "patch", asUpdater, asAdministrator, "imageupdate", name, "--subresource=status", "--type=merge", "-p",
		`{"status":{"phase":"`+phase+`","decidedAt":"2026-01-01T00:00:00Z"}}`)
}

// votesOn lists who voted how on an update, in the order of the objects' names.
func (s *space) votesOn(update string) []string {
	s.t.Helper()
	out, _ := s.must("", "get", "imageupdatevotes", "-o", `jsonpath={range .items[*]}{.spec.update} {.spec.voter} {.spec.verdict}{"\n"}{end}`)
	var found []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if rest, ok := strings.CutPrefix(line, update+" "); ok {
			found = append(found, rest)
		}
	}
	slices.Sort(found)
	return found
}

func (s *space) wantVotes(update string, want ...string) {
	s.t.Helper()
	if got := s.votesOn(update); !slices.Equal(got, want) {
		s.t.Errorf("votes on %s: got %q, want %q", update, got, want)
	}
}

// vote is one as a manifest.
func vote(name, update, voter, verdict string) string {
	return fmt.Sprintf("{apiVersion: garboard.dev/v1alpha1, kind: ImageUpdateVote, metadata: {name: %q}, spec: {update: %q, voter: %q, verdict: %q}}", name, update, voter, verdict)
}

// All of this the API server holds, while no webhook and no updater is there.
func TestVotesAreHeldByTheAPIServer(t *testing.T) {
	s := newVotingSpace(t)
	s.propose("shop", "over")
	account := "system:serviceaccount:" + s.name + ":ci"
	s.must(vote("anns", "shop", "ann", "Approve"), "create", "--as=ann", "-f", "-")
	s.must(vote("cis", "shop", account, "Approve"), "create", "--as="+account, "-f", "-")
	s.must(vote("bobs", "over", "bob", "Approve"), "create", "--as=bob", "-f", "-")
	s.phase("over", "Rejected")
	for name, test := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"a vote in another's name":                {vote("x", "shop", "ann", "Approve"), []string{"create", "--as=bob", "-f", "-"}, `spec.voter: Invalid value: "ann": each user votes in their own name, and yours is "bob"`},
		"the administrator in another's name":     {vote("x", "shop", "ann", "Approve"), []string{"create", "-f", "-"}, "each user votes in their own name"},
		"a vote without the right":                {vote("x", "shop", "cid", "Approve"), []string{"create", "--as=cid", "-f", "-"}, `User "cid" cannot create resource "imageupdatevotes"`},
		"a vote that could not be deleted":        {strings.Replace(vote("x", "shop", "bob", "Approve"), `name: "x"`, `name: "x", finalizers: [example.com/keep]`, 1), []string{"create", "--as=bob", "-f", "-"}, "a vote has no finalizers"},
		"a verdict that is none":                  {vote("x", "shop", "bob", "Maybe"), []string{"create", "--as=bob", "-f", "-"}, `supported values: "Approve", "Reject"`},
		"a vote that is changed":                  {"", []string{"patch", "imageupdatevote", "anns", "--type=merge", "-p", `{"spec":{"verdict":"Reject"}}`}, "a vote is immutable"},
		"a vote that is labelled":                 {"", []string{"label", "imageupdatevote", "anns", "a=b"}, "a vote never changes"},
		"another's vote withdrawn":                {"", []string{"delete", "imageupdatevote", "anns", "--as=bob"}, `a vote is withdrawn by its voter alone, who is "ann"`},
		"a vote withdrawn by the administrator":   {"", []string{"delete", "imageupdatevote", "anns"}, "by its voter alone"},
		"an update by hand":                       {`{apiVersion: garboard.dev/v1alpha1, kind: ImageUpdate, metadata: {name: mine}, spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: x, uid: x}, container: web, repository: x, to: {tag: x}, votesRequired: 1, deadline: "2100-01-01T00:00:00Z"}}`, []string{"create", "-f", "-"}, "an update is written by the updater alone"},
		"a status by hand":                        {"", []string{"patch", "imageupdate", "shop", "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Approved"}}`}, "an update is written by the updater alone"},
		"labels of an update by hand":             {"", []string{"label", "imageupdate", "shop", "team=mine", "--overwrite"}, "an update is written by the updater alone"},
		"an update that the updater changes":      {"", []string{"patch", asUpdater, asAdministrator, "imageupdate", "shop", "--type=merge", "-p", `{"spec":{"container":"other"}}`}, "spec is immutable"},
		"a vote of the updater's":                 {vote("x", "shop", strings.TrimPrefix(asUpdater, "--as="), "Approve"), []string{"create", asUpdater, "-f", "-"}, "cannot create resource"},
		"a vote on what is over":                  {vote("x", "over", "ann", "Approve"), []string{"create", "--as=ann", "-f", "-"}, `update "over" is no longer pending: it is Rejected`},
		"a vote that is withdrawn after the fact": {"", []string{"delete", "imageupdatevote", "bobs", "--as=bob"}, `update "over" is no longer pending: it is Rejected`},
	} {
		args := slices.Concat(test.args, []string{"--dry-run=server"}) // the policy's view of updates may be a moment old
		s.await(name+" to be refused", func(context.Context) error {
			if _, _, err := s.kubectl(test.stdin, args...); err == nil || !strings.Contains(err.Error(), test.want) {
				return fmt.Errorf("%s: got %w, want %q", name, err, test.want)
			}
			return nil
		})
	}
	s.wantVotes("shop", "ann Approve", account+" Approve")
	s.must("", "delete", "imageupdatevote", "anns", "--as=ann")
	s.wantVotes("shop", account+" Approve")
	s.votesGoWithUpdateAndNamespace()
}

// votesGoWithUpdateAndNamespace deletes an update and then the namespace: Kubernetes deletes
// their votes, which no other person may.
func (s *space) votesGoWithUpdateAndNamespace() {
	s.propose("gone")
	tool := &steps{s, ""}
	tool.tool("approve", "gone", "--as=ann")
	s.must("", "delete", "imageupdate", "gone")
	s.await("the votes to go with their update", func(context.Context) error {
		if left := s.votesOn("gone"); len(left) > 0 {
			return fmt.Errorf("still %q", left)
		}
		return nil
	})
	s.must("", "delete", "namespace", s.name, "--wait=false")
	s.await("the namespace to go with its votes", func(ctx context.Context) error {
		_, err := s.Client().CoreV1().Namespaces().Get(ctx, s.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there: %v", err) //nolint:errorlint // err may be nil
	})
}

// Fifty at once is one command, and two people may give it in the same moment.
func TestTwoPeopleVoteAtOnce(t *testing.T) {
	s := newVotingSpace(t)
	var names []string
	for n := range 25 {
		names = append(names, fmt.Sprintf("shop-%02d", n))
	}
	s.propose(names...)
	var both sync.WaitGroup
	for _, voter := range []string{"ann", "bob"} {
		both.Go(func() {
			tool := &steps{s.of(t), ""}
			out, said, err := tool.run("approve", "-l", "team=shop", "-m", "in one go", "--as="+voter)
			if err != nil || strings.Count(out, " approved (") != len(names) {
				t.Errorf("%s: %v: %s%s", voter, err, out, said)
			}
		})
	}
	both.Wait()
	for _, name := range names {
		s.wantVotes(name, "ann Approve", "bob Approve")
	}
	tool := &steps{s, ""}
	for _, step := range []struct {
		args             []string
		out, said        string
		fails            bool
		votesOnTheFirst  []string
		whatItIsAboutNow string
	}{
		{[]string{"approve", "deployment/shop-00", "--as=ann"}, "imageupdate.garboard.dev/shop-00 unchanged\n", "", false, []string{"ann Approve", "bob Approve"}, "the same again"},
		{[]string{"reject", "shop-00", "--as=ann", "--dry-run=server"}, "imageupdate.garboard.dev/shop-00 rejected (server dry run)\n", "", false, []string{"ann Approve", "bob Approve"}, "a dry run"},
		{[]string{"reject", "iu/shop-00", "--as=ann", "-o", "name"}, "imageupdate.garboard.dev/shop-00\n", "", false, []string{"ann Approve", "ann Reject", "bob Approve"}, "another verdict"},
		{[]string{"vote", "withdraw", "shop-00", "--as=ann"}, "imageupdate.garboard.dev/shop-00 vote withdrawn\n", "", false, []string{"bob Approve"}, "a withdrawal"},
		{
			[]string{"approve", "shop-00", "none", "deploy/none", "--as=ann"}, "imageupdate.garboard.dev/shop-00 approved (2 of 2)\n",
			"garboard: imageupdate.garboard.dev/none is not there, in namespace \"" + s.name + "\"\n" +
				"garboard: deploy/none has no update that waits for this, in namespace \"" + s.name + "\"\n",
			true, []string{"ann Approve", "bob Approve"}, "some that are not there",
		},
		{[]string{"vote", "withdraw", "shop-00", "--as=cid"}, "", "cid", true, []string{"ann Approve", "bob Approve"}, "a user without rights"},
	} {
		out, said, err := tool.run(step.args...)
		if out != step.out || !strings.Contains(said, step.said) || (err != nil) != step.fails {
			t.Errorf("%s: got %q, %q and %v, want %q, %q and failure %v", step.whatItIsAboutNow, out, said, err, step.out, step.said, step.fails)
		}
		s.wantVotes("shop-00", step.votesOnTheFirst...)
	}
	if out := tool.tool("pending", "-o", "name"); strings.Count(out, "imageupdate.garboard.dev/shop-") != len(names) {
		t.Errorf("pending are\n%s", out)
	}
}
