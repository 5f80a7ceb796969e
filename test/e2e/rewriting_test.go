package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// rewritten is a space in which something else rewrites the images that are stored.
type rewritten struct {
	*space
	rewriting
	before   bool // ours
	versions map[string]string
}

// release pushes a version to the space's repository and to the mirror's.
func (r *rewritten) release(tags ...string) {
	r.t.Helper()
	for _, tag := range tags {
		for _, path := range []string{r.name + "/app", "mirror/" + r.name + "/app"} {
			image, err := r.Push(r.t.Context(), path, tag)
			if err != nil {
				r.t.Fatal(err)
			}
			r.versions[image.Digest] = tag
		}
	}
}

// runs is the version of a stored image, and an error where nothing has rewritten it.
func (r *rewritten) runs(name string) (string, error) {
	image := r.deployment(name).Spec.Template.Spec.Containers[0].Image
	again, err := r.rewriting.of(r.t.Context(), image)
	if err != nil {
		return "", fmt.Errorf("rewriting %s: %w", image, err)
	}
	if again != image {
		return "", fmt.Errorf("%s is stored, and it would be %s", image, again)
	}
	rest, digest, _ := strings.Cut(image, "@")
	if r.bare {
		return r.versions[digest], nil
	}
	return rest[strings.LastIndex(rest, ":")+1:], nil
}

// want is the version that the Deployment's template names, its hold, and the tag of
// its source.
func (r *rewritten) want(what, name, version, hold, source string) {
	r.t.Helper()
	got, err := r.runs(name)
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	d := r.deployment(name)
	if held := d.Annotations["garboard.dev/hold"]; got != version || held != hold {
		r.t.Fatalf("%s: it runs %s with the hold %q, want %s with %q; the state is %s",
			what, got, held, version, hold, d.Annotations["garboard.dev/state"])
	}
	from := record.ParseState(d.Annotations["garboard.dev/state"])["web"].From
	image := r.image
	if r.rewriting.mirror && r.before {
		image = strings.Replace(image, "/", "/mirror/", 1)
	}
	if from != image+":"+source {
		r.t.Fatalf("%s: the source is %s, want %s:%s", what, from, image, source)
	}
}

func (r *rewritten) awaitVersion(name, version string) {
	r.t.Helper()
	r.await(name+" to run "+version, func(context.Context) error {
		got, err := r.runs(name)
		if err == nil && got != version {
			err = errors.New("it runs " + got)
		}
		return err
	})
}

// unchanged wants that a write leaves the template and the annotations as they are.
func (r *rewritten) unchanged(what, name string, write func()) {
	r.t.Helper()
	before := r.deployment(name)
	write()
	after := r.deployment(name)
	if before.Generation != after.Generation {
		r.t.Fatalf("%s: it has changed (-before +after):\n%s%s", what,
			cmp.Diff(before.Annotations, after.Annotations), cmp.Diff(before.Spec.Template, after.Spec.Template))
	}
}

// Images that another webhook or a policy rewrites after us, or before, are governed
// like any other, by everything that may happen to them.
func TestRewrittenImages(t *testing.T) {
	parallel(t)
	server := newRewriter(t)
	const never, again = admissionregistrationv1.NeverReinvocationPolicy, admissionregistrationv1.IfNeededReinvocationPolicy
	rows := map[string]struct {
		rewriting
		path   string // of the webhook behind; empty for a policy before
		policy admissionregistrationv1.ReinvocationPolicyType
	}{
		"a mirror behind":                          {rewriting{mirror: true}, "mirror", never},
		"a mirror behind, called again":            {rewriting{mirror: true}, "mirror", again},
		"a digest beside the tag":                  {rewriting{digest: true}, "digest", again},
		"a digest instead of the tag":              {rewriting{digest: true, bare: true}, "digest-bare", never},
		"a digest instead of the tag, again":       {rewriting{digest: true, bare: true}, "digest-bare", again},
		"a mirror with a digest":                   {rewriting{mirror: true, digest: true}, "mirror-digest", never},
		"a mirror as a policy before":              {rewriting{mirror: true}, "", never},
		"a mirror as a policy before, asked again": {rewriting{mirror: true}, "", again},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			r := &rewritten{space: newSpace(t), rewriting: row.rewriting, before: row.path == "", versions: map[string]string{}}
			if r.before {
				before(r.space, row.policy)
			} else {
				server.behind(r.space, row.path, row.policy)
			}
			r.release("1.2.0", "1.2.6", "1.2.7")
			r.awaitRewriting()
			r.story()
			r.gated()
			r.reverted()
		})
	}
}

// awaitRewriting waits until the API server calls what rewrites.
func (r *rewritten) awaitRewriting() {
	r.t.Helper()
	r.await("images to be rewritten", func(context.Context) error {
		probe := r.manifest("probe", "1.2.0", quiet)
		out, _, err := r.kubectl(probe, "create", "--dry-run=server", "-f", "-", "-o=jsonpath={.spec.template.spec.containers[0].image}")
		if err == nil && strings.HasSuffix(out, "/"+r.name+"/app:1.2.0") && !strings.Contains(out, "/mirror/") {
			err = fmt.Errorf("it is stored as %s", out)
		}
		return err
	})
}

// story is create, the manifest again, a bump, an undo, a command of a person, and the
// hold that these leave.
func (r *rewritten) story() {
	r.t.Helper()
	apply := func(args ...string) func() {
		return func() {
			r.must(r.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond), append([]string{"apply", "-f", "-"}, args...)...)
		}
	}
	apply()()
	r.want("a create", "web", "1.2.7", "", "1.2.0")
	r.settled("web")
	r.unchanged("the manifest again", "web", apply())
	r.release("1.2.8")
	r.awaitVersion("web", "1.2.8")
	r.want("a bump", "web", "1.2.8", "", "1.2.0")
	r.settled("web")
	r.unchanged("the manifest again, after a bump", "web", apply())
	r.must("", "rollout", "undo", "deployment/web")
	r.want("an undo", "web", "1.2.7", "web=1.2.8", "1.2.0")
	r.unchanged("the manifest again, after an undo", "web", apply())
	r.polled()
	r.want("polls", "web", "1.2.7", "web=1.2.8", "1.2.0")
	_, warned := r.must("", "set", "image", "deployment/web", "web="+r.space.image+":1.2.6")
	if !strings.Contains(warned, "1.2.8 is held") {
		r.t.Errorf("kubectl said %q", warned)
	}
	r.want("a person going down", "web", "1.2.6", "web=1.2.8", "1.2.0")
	r.must("", "label", "deployment/web", "touched=yes")
	apply()() // the history gets to know that what the person wrote answers it
	r.want("the manifest again, after a person", "web", "1.2.6", "web=1.2.8", "1.2.0")
	r.unchanged("the manifest once more", "web", apply())
	r.must("", "annotate", "deployment/web", "garboard.dev/hold-")
	r.want("the hold taken off", "web", "1.2.8", "", "1.2.0")
	r.release("1.2.9")
	r.awaitVersion("web", "1.2.9")
	r.unchanged("a loop's manifest", "web", apply("--dry-run=server"))
}

// gated is a workload that the updater alone moves.
func (r *rewritten) gated() {
	r.t.Helper()
	manifest := r.manifest("gated", "1.2.0", "garboard.dev/policy: patch", everySecond, "garboard.dev/minAge: 1s")
	r.must(manifest, "apply", "-f", "-")
	r.awaitVersion("gated", "1.2.9")
	r.settled("gated")
	r.unchanged("the manifest again, of what has a gate", "gated", func() { r.must(manifest, "apply", "-f", "-") })
	r.want("a gate", "gated", "1.2.9", "", "1.2.0")
	r.must("", "rollout", "undo", "deployment/gated", "--to-revision=1")
	r.want("the undo of what has a gate", "gated", "1.2.0", "web=1.2.9", "1.2.0")
}

// reverted is a Git revert under server-side apply, as a loop sends it.
func (r *rewritten) reverted() {
	r.t.Helper()
	loop := func(tag string) func() {
		return func() {
			r.must(r.manifest("loop", tag, "garboard.dev/policy: minor", quiet), "apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller", "-f", "-")
		}
	}
	loop("1.2.0")()
	r.want("a loop's create", "loop", "1.2.9", "", "1.2.0")
	r.release("1.3.0")
	loop("1.3.0")()
	r.want("a new source", "loop", "1.3.0", "", "1.3.0")
	loop("1.2.0")()
	r.want("its revert", "loop", "1.2.0", "web=1.3.0", "1.2.0")
	r.unchanged("the loop's next turn", "loop", loop("1.2.0"))
}

// A registry that is away while a webhook knows nothing of it is no downgrade either.
func TestOutageKeepsRewrittenImages(t *testing.T) {
	alone(t)
	server := newRewriter(t)
	rows := map[string]rewriting{"mirror": {mirror: true}, "digest-bare": {digest: true, bare: true}}
	var all []*rewritten
	for path, how := range rows {
		r := &rewritten{space: newSpace(t), rewriting: how, versions: map[string]string{}}
		server.behind(r.space, path, admissionregistrationv1.NeverReinvocationPolicy)
		r.release("1.2.0", "1.2.7")
		r.awaitRewriting()
		r.must(r.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
		r.want("a create", "web", "1.2.7", "", "1.2.0")
		all = append(all, r)
	}
	all[0].only(all[0].start())
	for _, r := range all {
		for _, tag := range []string{"1.2.0", "1.2.7"} {
			if err := r.DeleteTag(t.Context(), r.name+"/app", tag); err != nil {
				t.Fatal(err)
			}
		}
		manifest := r.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
		r.unchanged("the manifest again, while the registry has nothing", "web", func() { r.must(manifest, "apply", "-f", "-") })
		r.want("an outage", "web", "1.2.7", "", "1.2.0")
	}
}
