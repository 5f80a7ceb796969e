package skew

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/snapshot"
	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

var upgrade = flag.Bool("upgrade", false, "replace older builds of Garboard by this one; they are built from Git's history")

// build is Garboard of one commit.
type build struct {
	source, binary string
}

// formers are older builds, by what is special about them.
func formers() map[string]former {
	return map[string]former{
		"the first with a chart":            {commit: installation.FirstChart},
		"the first that asks for approvals": {commit: "f6c044d25422", approvals: true},
	}
}

type former struct {
	commit    string
	approvals bool
}

// An older Garboard is replaced by this one and comes back, replica by replica, while
// writes go on all the time. None fails, none goes unanswered, and what either has written
// the other reads.
func TestUpgradeAndBack(t *testing.T) {
	if !*upgrade {
		t.Skip("builds older versions for minutes: make test-upgrade")
	}
	for name, f := range formers() {
		t.Run(name, func(t *testing.T) {
			old := f.build(t)
			now := build{source, filepath.Join(t.TempDir(), "garboard")}
			must(t, installation.Build(t.Context(), now.source, now.binary))
			u := newUpgrade(t, old, f.approvals)
			u.leave()
			writes := u.write()
			u.part("upgrade", func() { u.replace(now, writes) })
			u.part("what the old one left is read", u.readsWhatWasLeft)
			u.part("rollback", func() { u.replace(old, writes) })
			u.part("what the new one left is read", u.readsWhatIsLeft)
			writes.end()
		})
	}
}

// build is that of the commit, where Git's history has it.
func (f former) build(t *testing.T) build {
	t.Helper()
	dir := t.TempDir()
	err := installation.Checkout(t.Context(), source, f.commit, dir)
	var unknown *installation.UnknownCommitError
	if errors.As(err, &unknown) {
		t.Skip(err)
	}
	must(t, err)
	b := build{dir, filepath.Join(dir, "garboard-"+f.commit)}
	must(t, installation.Build(t.Context(), b.source, b.binary))
	return b
}

// upgrading is a cluster with an older Garboard, and what that leaves for the next.
type upgrading struct {
	*stage
	approvals bool
	writer    kubernetes.Interface
	registry  *line
	snapshot  string // a webhook's file
	left      map[string]int64
}

func newUpgrade(t *testing.T, old build, approvals bool) *upgrading {
	t.Helper()
	s := &stage{Cluster: cluster.StartForTest(t, cluster.Options{}), t: t}
	u := &upgrading{stage: s, approvals: approvals, registry: newLine(t, s.Registry), snapshot: filepath.Join(t.TempDir(), "index")}
	var err error
	u.writer, err = newWriter(s.Cluster)
	must(t, err)
	s.garboard, err = installation.Install(t.Context(), s.Cluster, installation.Options{
		Source: old.source, Binary: old.binary,
		Args:        []string{"--private-registries=" + u.registry.host()},
		WebhookArgs: []string{"--fresh-for=50ms", "--shutdown-delay=5s"}, // as installed
	})
	must(t, err)
	s.optIn()
	return u
}

func (u *upgrading) part(name string, do func()) {
	outer := u.t
	ok := outer.Run(name, func(t *testing.T) {
		u.t = t
		do()
	})
	if u.t = outer; !ok {
		outer.FailNow()
	}
}

// leave has the old one write what outlives it: a record and a state, a hold, an update with a
// vote, and a snapshot of the index.
func (u *upgrading) leave() {
	for _, app := range []string{"kept", "held", "mixed", "labelled", "undone"} {
		u.push(app, "1.2.0")
		u.must(u.deploymentOf(app, "1.2.0", patches, everySecond), "apply", "-f", "-")
		u.awaitRollout(app)
		u.push(app, "1.2.7")
		u.awaitTag(app, "1.2.7")
		u.awaitRollout(app)
	}
	u.must("", "rollout", "undo", "deployment/held")
	u.want("an undo by the old one", "held", "1.2.0", "web=1.2.7")
	u.awaitRollout("held")
	if u.approvals {
		u.voter("ann")
		u.voter("bob")
		u.awaitPolicies()
		u.push(voted, "1.2.0")
		u.must(u.deploymentOf(voted, "1.2.0", patches, everySecond, `garboard.dev/approvals: "2"`), "apply", "-f", "-")
		u.awaitRollout(voted)
		u.proposes("1.2.7")
	}
	u.keepsIndex()
	u.left = map[string]int64{}
	for _, app := range []string{"kept", "held"} {
		u.left[app] = u.deployment(app).Generation
	}
}

// proposes waits until the updater asks about a tag, and has one of two vote for it.
func (u *upgrading) proposes(tag string) {
	u.push(voted, tag)
	update := u.awaitPhase(tag, v1alpha1.PhasePending)
	u.must(ballot(update.Name, "ann"), "create", "--as=ann", "-f", "-")
}

// approves has both vote, and waits for the move. The first one votes again, since the vote
// from before an upgrade that changes a policy does not count.
func (u *upgrading) approves(tag string) {
	update := u.awaitPhase(tag, v1alpha1.PhasePending)
	for _, voter := range []string{"ann", "bob"} {
		u.must(ballot(update.Name, voter), "create", "--as="+voter, "-f", "-")
	}
	u.awaitTag(voted, tag)
	u.awaitPhase(tag, v1alpha1.PhaseSucceeded)
}

// replace does what an upgrade does: the manifests first, then one webhook after another,
// and the updater at last.
func (u *upgrading) replace(next build, writes *writes) {
	_, _, err := u.Kubectl(u.t.Context(), "", "apply", "--server-side", "-f", filepath.Join(next.source, "manifests", "install.yaml"))
	must(u.t, err)
	u.garboard.Use(next.source, next.binary)
	writes.more()
	for _, leaving := range u.garboard.Webhooks() {
		u.replaceWebhook(leaving)
		writes.more()
	}
	// An updater of one build asks webhooks of another.
	tag := map[string]string{"1.2.7": "1.2.8", "1.2.8": "1.2.9"}[u.tag("mixed")]
	u.push("mixed", tag)
	u.awaitTag("mixed", tag)
	u.awaitRollout("mixed")

	before := u.garboard.Updater()
	must(u.t, u.garboard.StartUpdater(u.t.Context())) // waits for its turn
	must(u.t, before.Stop(u.t.Context()))
	writes.more()
}

// replaceWebhook starts another one, and ends this while the API server is still sent to
// it.
func (u *upgrading) replaceWebhook(leaving *installation.Server) {
	fresh, err := u.garboard.StartUnrouted(u.t.Context())
	must(u.t, err)
	var staying []*installation.Server
	for _, w := range u.garboard.Webhooks() {
		if w != leaving {
			staying = append(staying, w)
		}
	}
	staying = append(staying, fresh)
	must(u.t, u.garboard.Route(append(staying, leaving)...))
	stopped := make(chan error, 1)
	go func() { stopped <- leaving.Leave(u.t.Context()) }()
	u.await("the readiness to go", func(ctx context.Context) error { return wantUnready(ctx, leaving) })
	must(u.t, u.garboard.Route(staying...))
	must(u.t, <-stopped)
}

// wantUnready is good once the webhook says that it leaves, or is gone.
func wantUnready(ctx context.Context, w *installation.Server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Health+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil // it is gone
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return fmt.Errorf("still ready")
	}
	return nil
}

// readsWhatWasLeft has the new one read what the old one wrote, and write more.
func (u *upgrading) readsWhatWasLeft() {
	u.untouched()
	u.must("", "rollout", "undo", "deployment/held")
	u.want("the undo of the old one's undo", "held", "1.2.7", "")
	u.awaitRollout("held")
	u.must("", "rollout", "undo", "deployment/held")
	u.want("an undo by the new one", "held", "1.2.0", "web=1.2.7")
	u.awaitRollout("held")
	u.push("kept", "1.2.8")
	u.awaitTag("kept", "1.2.8")
	u.awaitRollout("kept")
	if u.approvals {
		u.awaitVotes()
		u.approves("1.2.7")
		u.proposes("1.2.8")
	}
	u.readsIndex()
	u.keepsIndex()
	for app := range u.left {
		u.left[app] = u.deployment(app).Generation
	}
}

// readsWhatIsLeft has the old one read what the new one wrote.
func (u *upgrading) readsWhatIsLeft() {
	u.untouched()
	u.must("", "rollout", "undo", "deployment/held")
	u.want("the undo of the new one's undo", "held", "1.2.7", "")
	u.push("kept", "1.2.9")
	u.awaitTag("kept", "1.2.9")
	if u.approvals {
		u.approves("1.2.8")
	}
	u.readsIndex()
}

// untouched applies what was applied before: nothing has rolled, and nothing does.
func (u *upgrading) untouched() {
	tags := map[string]string{"kept": u.tag("kept"), "held": "1.2.0"}
	holds := map[string]string{"held": "web=1.2.7"}
	for app, generation := range u.left {
		u.must(u.deploymentOf(app, "1.2.0", patches, everySecond), "apply", "-f", "-")
		u.want("the same apply as before", app, tags[app], holds[app])
		if got := u.deployment(app).Generation; got != generation {
			u.t.Errorf("%s has rolled: its generation is %d, and was %d", app, got, generation)
		}
	}
}

// keepsIndex has a webhook leave what it knows of a repository in a file. One that has just
// started may not know the nodes yet: it reads no image then, and a later answer needs one.
func (u *upgrading) keepsIndex() {
	u.t.Helper()
	u.registry.cut.Store(false)
	u.push("indexed", "1.2.0", "1.2.7")
	u.await("an index with the list and the image", func(context.Context) error {
		must(u.t, os.RemoveAll(u.snapshot))
		w, err := u.garboard.StartUnrouted(u.t.Context(), "--index-snapshot="+u.snapshot, "--shutdown-delay=0s")
		must(u.t, err)
		u.review(w, "1.2.7", "")
		must(u.t, w.Stop(u.t.Context()))
		var kept index
		keeper, err := snapshot.New(snapshot.Options{Path: u.snapshot, Index: &kept})
		must(u.t, err)
		if lists, err := keeper.Load(); err != nil || lists != 1 || len(kept.Images) == 0 {
			return fmt.Errorf("it has %+v: %w", kept.Knowledge, err)
		}
		return nil
	})
}

// index takes what a file has.
type index struct{ resolver.Knowledge }

// Known, Restore and Changes make it a snapshot.Index.
func (i *index) Known() resolver.Knowledge          { return i.Knowledge }
func (i *index) Restore(k resolver.Knowledge) error { i.Knowledge = k; return nil }
func (*index) Changes() uint64                      { return 0 }

// readsIndex has a webhook answer from that file alone.
func (u *upgrading) readsIndex() {
	u.registry.cut.Store(true)
	w, err := u.garboard.StartUnrouted(u.t.Context(), "--index-snapshot="+u.snapshot, "--shutdown-delay=0s")
	must(u.t, err)
	u.review(w, "1.2.7", "answered from the last known list")
	must(u.t, w.Stop(u.t.Context()))
}
