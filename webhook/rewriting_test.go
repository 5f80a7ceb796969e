package webhook_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// rewriter is another webhook, or a policy of the API server, that writes images anew.
type rewriter struct {
	mirror bool // it puts a prefix before the repository
	digest bool // it writes the digest of the tag
	bare   bool // and leaves the tag out
	first  bool // it is called before ours, as a MutatingAdmissionPolicy is
	again  bool // it is called again where something has changed after it
	alone  bool // ours is not called again
	off    bool // it is away
}

// rewriters are what is tried. A mirror is what Kyverno's policy that replaces
// registries does, a digest what its verification of images and k8s-digester do.
func rewriters() map[string]rewriter {
	return map[string]rewriter{
		"none":                                      {off: true},
		"mirror behind":                             {mirror: true},
		"mirror behind, called again":               {mirror: true, again: true},
		"mirror behind, ours is called once":        {mirror: true, alone: true},
		"mirror before":                             {mirror: true, first: true},
		"mirror before, called again":               {mirror: true, first: true, again: true},
		"digest beside the tag behind":              {digest: true},
		"digest beside the tag, called again":       {digest: true, again: true},
		"digest beside, ours is called once":        {digest: true, alone: true},
		"digest instead of the tag behind":          {digest: true, bare: true},
		"digest instead of the tag, called again":   {digest: true, bare: true, again: true},
		"digest instead, ours is called once":       {digest: true, bare: true, alone: true},
		"mirror and digest behind":                  {mirror: true, digest: true},
		"mirror and digest, called again":           {mirror: true, digest: true, again: true},
		"mirror and digest instead of the tag":      {mirror: true, digest: true, bare: true},
		"mirror and digest instead, called again":   {mirror: true, digest: true, bare: true, again: true},
		"mirror and digest, ours is called once":    {mirror: true, digest: true, alone: true},
		"mirror and bare digest, ours called once":  {mirror: true, digest: true, bare: true, alone: true},
		"digest beside the tag before, called once": {digest: true, first: true},
	}
}

// cluster is an API server with the webhooks that it calls.
type cluster struct {
	*world
	rewriter
	digests  map[string]string // of the tags
	versions map[string]string // of the digests
	stored   string
	user     string
	warned   []string // by the last write
}

func newCluster(t *testing.T, r rewriter, tags ...string) *cluster {
	t.Helper()
	c := &cluster{world: newWorld(t), rewriter: r, digests: map[string]string{}, versions: map[string]string{}}
	c.release(tags...)
	return c
}

// release pushes tags, to the repository and to its mirror.
func (c *cluster) release(tags ...string) {
	c.t.Helper()
	for _, tag := range tags {
		image, err := random.Image(16, 1)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, repository := range []string{"/app:", "/mirror/app:"} {
			c.write(repository+tag, image)
		}
		digest, err := image.Digest()
		if err != nil {
			c.t.Fatal(err)
		}
		c.digests[tag], c.versions[digest.String()] = digest.String(), tag
	}
}

func (c *cluster) write(path string, image v1.Image) {
	c.t.Helper()
	reference, err := name.ParseReference(c.host + path)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := remote.Write(reference, image, remote.WithContext(c.t.Context())); err != nil {
		c.t.Fatal(err)
	}
}

// rewrite is what the other webhook makes of an image: of its own output, the same.
func (c *cluster) rewrite(image string) string {
	if c.off {
		return image
	}
	if c.mirror && !strings.HasPrefix(image, c.host+"/mirror/") {
		image = strings.Replace(image, c.host+"/", c.host+"/mirror/", 1)
	}
	if !c.rewriter.digest || strings.Contains(image, "@") {
		return image
	}
	repository, tag, _ := strings.Cut(strings.TrimPrefix(image, c.host), ":")
	if c.bare {
		return c.host + repository + "@" + c.digests[tag]
	}
	return image + "@" + c.digests[tag]
}

func (c *cluster) rewriteAll(object string) string {
	c.t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(object), &root); err != nil {
		c.t.Fatal(err)
	}
	for _, item := range at(root, "spec", "template", "spec")["containers"].([]any) {
		container := item.(map[string]any)
		container["image"] = c.rewrite(container["image"].(string))
	}
	return text(c.t, root)
}

func text(t testing.TB, object map[string]any) string {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// chain calls the webhooks in the order of an API server: each once, and those that
// ask for it a second time where something has changed after them
// (k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go).
func (c *cluster) chain(in write) (stored string, warnings []string) {
	c.t.Helper()
	ours := func() bool {
		after, response := c.mutate(in)
		warnings = append(warnings, response.Warnings...)
		changed := len(response.Patch) > 0
		in.object = after
		return changed
	}
	theirs := func() bool {
		after := c.rewriteAll(in.object)
		changed := !bytes.Equal([]byte(canonicalJSON(c.t, after)), []byte(canonicalJSON(c.t, in.object)))
		in.object = after
		return changed
	}
	if c.first {
		theirs()
		if ours() && c.again && theirs() {
			ours()
		}
		return in.object, warnings
	}
	ours()
	if theirs() && !c.alone && ours() && c.again {
		theirs()
	}
	return in.object, warnings
}

func canonicalJSON(t testing.TB, object string) string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(object), &root); err != nil {
		t.Fatal(err)
	}
	return text(t, root)
}

// runs is the version that is stored, however its image is written.
func (c *cluster) runs() string {
	c.t.Helper()
	image := parse(c.t, c.stored).Slots()[0].Image
	if got := c.rewrite(image); got != image {
		c.t.Errorf("the other webhook makes %s of the stored %s", got, image)
	}
	name, digest, pinned := strings.Cut(image, "@")
	if pinned && c.bare {
		return c.versions[digest]
	}
	return name[strings.LastIndex(name, ":")+1:]
}

// send makes a change to the stored object, wants the version and the hold, and sends
// the same again: that must store nothing.
func (c *cluster) send(what, manager string, change func(object map[string]any), version, hold string) {
	c.t.Helper()
	before := c.stored
	request := func() write {
		var object map[string]any
		if err := json.Unmarshal([]byte(c.stored), &object); err != nil {
			c.t.Fatal(err)
		}
		change(object)
		return write{object: text(c.t, object), old: c.stored, manager: manager, user: c.user}
	}
	var after string
	after, c.warned = c.chain(request())
	c.stored = after
	if got := c.runs(); got != version {
		c.t.Errorf("%s: it runs %s, want %s\nbefore %s\nafter  %s", what, got, version, before, after)
	}
	if got := parse(c.t, c.stored).HoldText(); got != hold {
		c.t.Errorf("%s: the hold is %q, want %q", what, got, hold)
	}
	if strings.HasPrefix(what, "the undo") {
		return // the same again is the undo of nothing
	}
	c.stored, _ = c.chain(request())
	if canonicalJSON(c.t, c.stored) != canonicalJSON(c.t, after) {
		c.t.Errorf("%s: the same again stored another object (-before +after):\n%s", what, cmp.Diff(after, c.stored))
	}
}

// settled sends a write that must change nothing at all.
func (c *cluster) settled(what, manager string, change func(object map[string]any)) {
	c.t.Helper()
	before := canonicalJSON(c.t, c.stored)
	object := parse(c.t, c.stored)
	c.send(what, manager, change, c.runs(), object.HoldText())
	if told := strings.Join(c.warned, "\n"); strings.Contains(told, " -> ") {
		c.t.Errorf("%s: it warned %q of no change", what, told)
	}
	if got := canonicalJSON(c.t, c.stored); got != before {
		c.t.Errorf("%s: stored\n%s\nwant\n%s", what, got, before)
	}
}

func (c *cluster) image(tag string) func(map[string]any) {
	return (&tale{w: c.world}).image(tag)
}

// wantSource wants the image that the manifest names, as our webhook is shown it.
func (c *cluster) wantSource(tag string) {
	c.t.Helper()
	want := c.host + "/app:" + tag
	if c.first {
		want = c.rewrite(want)
	}
	if got := record.StateOf(parse(c.t, c.stored))["c0"].From; got != want {
		c.t.Errorf("the source is %s, want %s", got, want)
	}
}

func (c *cluster) create(object string) {
	c.t.Helper()
	c.stored, _ = c.chain(write{object: object, manager: "kubectl-create", user: c.user})
}

// someDigest is of no image.
const someDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// dead is a registry that does not answer.
func dead() http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }
}

func decode(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// applier is kubectl apply.
const applier = "kubectl-client-side-apply"

// The same manifest again is the same manifest again, a way back is one, and a bump
// moves what it moves, whatever another webhook makes of the images.
func TestRewrittenImagesAreGoverned(t *testing.T) {
	for name, r := range rewriters() {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, r, "1.2.0", "1.2.6", "1.2.7")
			c.create(c.deployment("patch", "1.2.0"))
			if got := c.runs(); got != "1.2.7" {
				t.Errorf("it is created with %s", got)
			}
			c.wantSource("1.2.0")
			c.settled("the manifest again", applier, c.image("1.2.0"))
			c.settled("a loop", "kustomize-controller", c.image("1.2.0"))
			former := c.stored
			put, _ := c.chain(write{object: c.deployment("patch", "1.2.0"), old: c.stored, manager: "kubectl-replace"})
			if canonicalJSON(t, put) != canonicalJSON(t, c.stored) {
				t.Errorf("a replace stored %s, want %s", put, c.stored)
			}
			c.release("1.2.8")
			c.send("a bump", "garboard-updater", bump("1.2.8"), "1.2.8", "")
			c.wantSource("1.2.0")
			c.settled("the manifest again, after the bump", applier, c.image("1.2.0"))
			left := c.stored
			c.send("the undo", "", back(former), "1.2.7", "c0=1.2.8")
			c.wantSource("1.2.0")
			c.settled("the manifest again, after the undo", applier, c.image("1.2.0"))
			c.settled("a bump to what is held", "garboard-updater", bump("1.2.8"))
			c.send("the undo of the undo", "", back(left), "1.2.8", "")
			c.send("the undo once more", "", back(former), "1.2.7", "c0=1.2.8")
			c.send("a person going further down", "kubectl-set", c.image("1.2.6"), "1.2.6", "c0=1.2.8")
			c.wantSource("1.2.0")
			c.send("the manifest again, after a person", applier, c.image("1.2.0"), "1.2.6", "c0=1.2.8")
			c.send("a label", "kubectl-label", annotated("note", "x"), "1.2.6", "c0=1.2.8")
			c.send("the hold taken off", "kubectl-annotate", annotated("garboard.dev/hold", ""), "1.2.8", "")
			c.release("1.2.9")
			c.send("a higher source", "helm", c.image("1.2.9"), "1.2.9", "")
			c.wantSource("1.2.9")
		})
	}
}

// A Git revert goes down, and what was left is held.
func TestRevertOfRewrittenImageIsHeld(t *testing.T) {
	for name, r := range rewriters() {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, r, "1.2.0")
			c.create(c.deployment("minor", "1.2.0"))
			c.release("1.3.0")
			c.send("a new source", "kustomize-controller", c.image("1.3.0"), "1.3.0", "")
			c.wantSource("1.3.0")
			c.send("its revert", "kustomize-controller", c.image("1.2.0"), "1.2.0", "c0=1.3.0")
			c.wantSource("1.2.0")
			c.settled("the loop's next turn", "kustomize-controller", c.image("1.2.0"))
		})
	}
}

func TestGatesBindRewrittenImages(t *testing.T) {
	for name, r := range rewriters() {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, r, "1.2.0", "1.2.7")
			c.user = "alice"
			c.create(c.gated("patch", "1.2.0", minAge, "3d"))
			if got := c.runs(); got != "1.2.0" {
				t.Errorf("it is created with %s", got)
			}
			c.settled("the manifest again", applier, c.image("1.2.0"))
			c.settled("a person's bump", "kubectl-annotate", bump("1.2.7"))
			c.user = updater
			target := "1.2.7"
			if c.rewriter.digest {
				target += "@" + c.digests["1.2.7"]
			}
			c.send("the updater's bump", "garboard-updater", bump(target), "1.2.7", "")
			c.user = "alice"
			c.release("1.2.8")
			c.settled("the manifest again, after the bump", applier, c.image("1.2.0"))
			c.settled("a loop", "kustomize-controller", c.image("1.2.0"))
			c.send("a person going down", "kubectl-set", c.image("1.2.0"), "1.2.0", "c0=1.2.7")
			c.settled("the manifest again, while it is held", applier, c.image("1.2.0"))
		})
	}
}

// An outage is no downgrade, and a way back waits for no registry.
func TestOutageKeepsRewrittenImages(t *testing.T) {
	for name, r := range rewriters() {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, r, "1.2.0")
			c.create(c.deployment("patch", "1.2.0"))
			former := c.stored
			c.release("1.2.7")
			c.send("a bump", "garboard-updater", bump("1.2.7"), "1.2.7", "")
			gone := dead()
			c.fault.Store(&gone)
			c.restart()
			c.settled("the manifest again", applier, c.image("1.2.0"))
			c.settled("a loop", "kustomize-controller", c.image("1.2.0"))
			c.send("the undo", "", back(former), "1.2.0", "c0=1.2.7")
			c.settled("the manifest again, after the undo", applier, c.image("1.2.0"))
		})
	}
}

// A webhook that is installed later, or taken off, leaves the version and the hold.
func TestRewriterComesAndGoes(t *testing.T) {
	for name, r := range rewriters() {
		if r.first || r.off {
			continue
		}
		for policy, extra := range map[string]string{"": "", ", gated": `,"` + minAge + `":"3d"`} {
			t.Run(name+policy, func(t *testing.T) {
				c := newCluster(t, r, "1.2.0", "1.2.6", "1.2.7")
				c.user = "alice"
				c.off = true
				c.create(c.annotated("1.2.7", extra, ""))
				c.send("a person going down", "kubectl-set", c.image("1.2.6"), "1.2.6", "c0=1.2.7")
				for range 2 {
					c.off = false
					c.send("it comes, and a loop", "kustomize-controller", c.image("1.2.7"), "1.2.6", "c0=1.2.7")
					c.send("the loop again", "kustomize-controller", c.image("1.2.7"), "1.2.6", "c0=1.2.7")
					c.wantSource("1.2.7")
					c.off = true
					c.send("it goes, and a loop", "kustomize-controller", c.image("1.2.7"), "1.2.6", "c0=1.2.7")
					c.wantSource("1.2.7")
				}
			})
		}
	}
}

// The updater's way back returns to what was healthy, by the name of the answer or of
// what was stored, and holds what it leaves.
func TestRewrittenImageIsTakenBack(t *testing.T) {
	for name, r := range rewriters() {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, r, "1.2.0")
			c.user = "alice"
			c.create(c.deployment("minor", "1.2.0"))
			c.user = updater
			c.release("1.3.0")
			was := record.Of(parse(t, c.stored))["c0"].String()
			c.send("a move", "garboard-updater", asks("c0=1.3.0,healthy/c0="+was), "1.3.0", "")
			c.release("1.4.0")
			c.send("another", "garboard-updater", asks("c0=1.4.0"), "1.4.0", "")
			c.send("the undo of both by the updater", "garboard-updater", asks("back/c0="+c.healthy()), "1.2.0", "c0=1.4.0")
			c.wantSource("1.2.0")
			c.user = "alice"
			c.settled("the manifest again", applier, c.image("1.2.0"))
			c.settled("a loop", "kustomize-controller", c.image("1.2.0"))
			c.release("1.5.0")
			c.user = updater
			c.send("a move past what is held", "garboard-updater", asks("c0=1.5.0"), "1.5.0", "")
		})
	}
}

// healthy is what the state knows to have been healthy.
func (c *cluster) healthy() string {
	c.t.Helper()
	healthy := record.StateOf(parse(c.t, c.stored))["c0"].Healthy
	if healthy == "" {
		c.t.Errorf("nothing is known to have been healthy: %s", c.stored)
	}
	return healthy
}
