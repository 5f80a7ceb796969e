package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/webhook"
)

// played is what histories are played by.
type played struct {
	schema strategicpatch.LookupPatchMeta
	fields *managedfields.FieldManager
}

func newPlayed(t testing.TB) played {
	t.Helper()
	schema, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	types := applyconfigurations.NewTypeConverter(scheme.Scheme)
	return played{schema, managedfieldstest.NewFakeFieldManager(types, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
}

// The manager of each way in which a manifest reaches the cluster.
const (
	clientSide = "kubectl-client-side-apply"
	serverSide = "kustomize-controller"
	replaced   = "kubectl-replace"
)

// history is one Deployment and all that writes to it.
type history struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	played
	rewriter
	comesAndGoes bool

	style     string // the manager of the manifest
	source    int    // the manifest's tag is 1.2.source
	env       int
	applied   int
	labels    int
	newest    int // the last tag that is pushed
	mood      mood
	now       time.Time
	stored    *unstructured.Unstructured
	revisions []keptRevision
	asked     int // the tag that the writer asks for; -1 for none
	told      []string
	failed    bool
}

// keptRevision is what a ReplicaSet keeps of its Deployment.
type keptRevision struct {
	template    map[string]any
	annotations map[string]string
}

// mood is which of the tags the registry lists.
type mood func(newest int) ([]string, error)

func moods() []mood {
	down := &registry.Error{Kind: registry.NotFound, Repository: "team/one"}
	return []mood{
		func(newest int) ([]string, error) { return tagsTo(newest), nil },
		func(newest int) ([]string, error) { return tagsTo(newest / 2), nil },
		func(int) ([]string, error) { return tagsTo(0), nil },
		func(int) ([]string, error) { return nil, nil },
		func(int) ([]string, error) { return nil, down },
	}
}

func tagsTo(newest int) []string {
	var tags []string
	for n := range newest + 1 {
		tags = append(tags, fmt.Sprintf("1.2.%d", n))
	}
	return tags
}

func (h *history) Tags(context.Context, resolver.Repository, resolver.Credential) ([]string, error) {
	return h.mood(h.newest)
}

func (h *history) Digest(_ context.Context, _ resolver.Repository, tag string, _ resolver.Credential) (string, error) {
	return digestOf(tag), nil
}

func (h *history) Image(context.Context, resolver.Repository, string, resolver.Credential, bool) (registry.Image, error) {
	return registry.Image{}, nil
}

func newHistory(t *testing.T, seed uint64, by played) *history {
	t.Helper()
	h := &history{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), played: by, newest: 5, mood: moods()[0], now: time.Unix(1e9, 0).UTC(),
	}
	h.style = []string{clientSide, serverSide, replaced}[h.random.IntN(3)]
	all := rewriters()
	names := slices.Sorted(maps.Keys(all))
	name := names[h.random.IntN(len(names))]
	h.rewriter = all[name]
	// A mirror behind ours may come and go. What puts digests in the place of tags, or is
	// called before ours, cannot be told from a writer when it is new.
	h.comesAndGoes = h.mirror && !h.digest && !h.first
	h.off = h.comesAndGoes
	h.tell("the other webhook: %s", name)
	return h
}

// play goes on for some steps and reports whether all was well.
func (h *history) play(steps int) bool {
	h.asked = -1
	h.write("create", h.style, h.manifest())
	writes := []func(){h.label, h.setEnv, h.restart, h.apply, h.apply, h.applyAnother, h.setImage, h.undo}
	for range steps {
		h.weather()
		h.asked = -1
		writes[h.random.IntN(len(writes))]()
		if h.failed {
			h.t.Errorf("history %d, the last of it:\n%s", h.seed, strings.Join(h.told[max(0, len(h.told)-40):], "\n"))
			return false
		}
	}
	return true
}

// weather is what goes on beside the writer, and between its reading and its writing.
func (h *history) weather() {
	for range h.random.IntN(4) {
		switch h.random.IntN(8) {
		case 0:
			h.newest++
			h.tell("1.2.%d is pushed", h.newest)
		case 1:
			h.off = h.off != h.comesAndGoes
			h.tell("the other webhook is there: %t", !h.off)
		case 2, 3, 4:
			h.sync()
		case 5:
			h.mood = moods()[h.random.IntN(len(moods()))]
		default:
			h.bump()
		}
	}
}

func (h *history) tell(format string, args ...any) {
	h.told = append(h.told, fmt.Sprintf(format, args...))
}

func (h *history) fail(format string, args ...any) {
	h.failed = true
	h.tell("FAULT: "+format, args...)
}

// change makes what is submitted of what is stored by then, and of its managed fields.
type change func(stored *unstructured.Unstructured) *unstructured.Unstructured

// write sends a change, and again what nobody has acknowledged.
func (h *history) write(what, manager string, submit change) {
	h.weatherBetween()
	h.send(what, manager, "alice", submit)
	if h.random.IntN(6) == 0 {
		h.weatherBetween()
		h.send(what+", again", manager, "alice", submit)
	}
}

// weatherBetween is between what a writer reads and what it writes.
func (h *history) weatherBetween() {
	if h.stored != nil && h.random.IntN(3) == 0 {
		asked := h.asked
		h.weather()
		h.asked = asked
	}
}

func (h *history) send(what, manager, user string, submit change) {
	h.now = h.now.Add(time.Second) // managed fields have whole seconds: within one, two writes of one manager look like one
	former := h.stored
	submitted := submit(former)
	stored := h.admit(submitted, manager, user)
	if stored.GetUID() == "" {
		stored.SetUID("1")
		if former != nil {
			stored.SetUID(former.GetUID())
		}
	}
	h.stored = stored
	h.tell("%s by %q: submitted %s, stored %s, %s", what, manager, short(imageIn(submitted)), short(imageIn(stored)), h.remembered(stored))
	if former == nil {
		return
	}
	if now, before := tagIn(stored), tagIn(former); now < before && now != h.asked {
		h.fail("it went from 1.2.%d to 1.2.%d", before, now)
	}
	was, is := templateIn(former), templateIn(stored)
	undo := strings.HasPrefix(what, "undo") // to a template that is the same once it is rewritten
	if !undo && !reflect.DeepEqual(was, is) && reflect.DeepEqual(h.withoutOurs(was), h.withoutOurs(is)) {
		h.fail("its template changed in our annotations alone, from %v to %v", was, is)
	}
}

// admit calls the webhooks as the API server does: ours, the mirror, and ours again
// where the mirror has changed something.
func (h *history) admit(submitted *unstructured.Unstructured, manager, user string) *unstructured.Unstructured {
	h.t.Helper()
	kind, _ := workload.StandardKinds().For("apps", "Deployment")
	c := call{kind: kind, object: text(h.t, submitted.Object), manager: manager}
	if h.stored != nil {
		c.old = text(h.t, h.stored.Object)
	}
	ours := func() bool {
		request := c.request()
		request.UserInfo.Username = user
		response := h.hook().Handle(h.t.Context(), request)
		if !response.Allowed {
			h.fail("it was refused: %v", response.Result)
		}
		patch, err := json.Marshal(response.Patches)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(response.Patches) > 0 {
			c.object = apply(h.t, c.object, patch)
		}
		return len(response.Patches) > 0
	}
	theirs := func() bool {
		object := h.parse(c.object)
		name := imageIn(object)
		containerOf(object)["image"] = h.rewrite(name)
		c.object = text(h.t, object.Object)
		return imageIn(object) != name
	}
	if h.first {
		theirs()
		if ours() && h.again && theirs() {
			ours()
		}
	} else {
		ours()
		if theirs() && !h.alone && ours() && h.again {
			theirs()
		}
	}
	if h.random.IntN(3) == 0 { // a third one has changed something else
		ours()
	}
	return h.parse(c.object)
}

// rewrite is what the other webhook makes of an image.
func (h *history) rewrite(name string) string {
	if h.off {
		return name
	}
	if h.mirror && !strings.HasPrefix(name, mirrorOfTeam) {
		name = strings.Replace(name, team, mirrorOfTeam, 1)
	}
	if !h.digest || strings.Contains(name, "@") {
		return name
	}
	repository, tag, _ := strings.Cut(name, ":")
	if h.bare {
		return repository + "@" + digestOf(tag)
	}
	return name + "@" + digestOf(tag)
}

// hook is a replica that knows nothing but what the registry tells it now.
func (h *history) hook() *webhook.Mutate {
	h.t.Helper()
	decider, err := webhook.NewDecider(webhook.DeciderOptions{
		Resolver: resolver.New(h, resolver.Options{Now: func() time.Time { return h.now }}), UpdaterAccount: updater,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	on := namespaces{"on": workload.NamespaceOf("on", map[string]string{workload.LabelEnabled: "true"}, nil)}
	return &webhook.Mutate{Decider: decider, Namespaces: on}
}

func (h *history) parse(object string) *unstructured.Unstructured {
	h.t.Helper()
	parsed := &unstructured.Unstructured{}
	if err := parsed.UnmarshalJSON([]byte(object)); err != nil {
		h.t.Fatal(err)
	}
	return parsed
}

// remembered is what the annotations say, and who owns the image.
func (h *history) remembered(object *unstructured.Unstructured) string {
	state := record.ParseState(object.GetAnnotations()[workload.AnnotationState])["web"]
	last, _ := state.Last()
	var owners []string
	for _, entry := range object.GetManagedFields() {
		if strings.Contains(entry.FieldsV1.GetRawString(), "f:image\"") {
			owners = append(owners, entry.Manager)
		}
	}
	return short(fmt.Sprintf("source %s, last %s from %s stored as %q, hold %q, record %q, image of %v", state.From, last.Result, last.From, last.Stored,
		object.GetAnnotations()[workload.AnnotationHold], at(object.Object, "spec", "template", "metadata", "annotations")[workload.AnnotationRecord], owners))
}

func short(text string) string {
	return strings.NewReplacer(team, "", mirrorOfTeam, "m/").Replace(text)
}
