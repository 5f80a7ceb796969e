package webhook

import (
	"strings"
	"sync"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// view holds what is read once of a request, for all of its containers.
type view struct {
	in                      Input
	settings, before        *settings.Settings
	state, submittedState   record.State
	record, submittedRecord record.Record
	holds, submittedHolds   record.Record
	storedImages            map[string]workload.Slot
	// applied and applying parse the stored and the submitted last-applied
	// configuration, once.
	applied, applying func() *workload.Object
	recordDropped     bool
	recordCarried     bool
	bump              record.Bump
	bumpAll           bool
	// updater: the request is the updater's.
	updater bool
}

func newView(in Input, updater bool) *view {
	v := &view{
		in: in, updater: updater, settings: in.settings,
		submittedState: record.StateOf(in.Object), submittedRecord: record.Of(in.Object),
		submittedHolds: record.HoldsOf(in.Object),
	}
	stored := in.Stored
	if stored == nil {
		return v
	}
	v.before = in.before
	v.state, v.record, v.holds = record.StateOf(stored), record.Of(stored), record.HoldsOf(stored)
	v.storedImages = map[string]workload.Slot{}
	for _, slot := range stored.Slots() {
		v.storedImages[slot.Key()] = slot
	}
	if in.Object.RecordText() != stored.RecordText() {
		v.recordCarried = in.Object.CarriesRecord() || stored.CarriesRecord() || installsCharts(in.Manager)
		v.recordDropped = in.Object.RecordText() == "" && !v.recordCarried && !v.keepsAnnotations()
	}
	v.applied, v.applying = sync.OnceValue(stored.LastApplied), sync.OnceValue(in.Object.LastApplied)
	v.readBump()
	return v
}

// keepsAnnotations tells a PATCH of a Deployment's spec, as Terraform sends it,
// from an undo, which replaces the object's annotations as well
// (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go). The undo of a StatefulSet
// or a DaemonSet leaves them, so that there nothing tells the two apart.
func (v *view) keepsAnnotations() bool {
	stored := v.in.Stored
	return stored.Kind.Group == "apps" && stored.Kind.GroupVersionKind.Kind == "Deployment" && stored.StateText() == v.in.Object.StateText()
}

// appliedNow is the image that the writer's own manifest names, where the request
// tells it of an image that stays as it is stored; nil where it does not, as a label
// does not.
func (v *view) appliedNow(slot workload.Slot, submitted intent.Image, from string) *intent.Image {
	if from == "" {
		return nil
	}
	stored := v.in.Stored
	if v.putsManifest() || v.in.Object.AppliedBy(v.in.Manager, stored, slot) {
		return &submitted
	}
	// kubectl computes its patch from what it has read: an image that moved meanwhile
	// may not be in it, and the manifest then names another one than is submitted.
	if v.in.Object.LastAppliedText() == stored.LastAppliedText() {
		return nil
	}
	image, err := intent.ImageOf(v.applying().ImageOf(slot.Key()))
	if err != nil {
		return nil
	}
	return &image
}

// clientSideApply is the field manager of kubectl apply. Others leave what it once noted of
// its manifest, and some apply under a name of their own.
const clientSideApply = "kubectl-client-side-apply"

// installsCharts reports whether a field manager is Helm, or a program with Helm in it, which
// have their own program's name (helm.sh/helm/pkg/kube, ManagedFieldsManager). They put what
// a chart says, and undo nothing by a record. A client-side upgrade shows the record of a chart
// that was exported from a cluster in no other way.
func installsCharts(manager string) bool { return strings.Contains(manager, "helm") }

// isReapplied reports whether kubectl applies the manifest that it applied last.
func (v *view) isReapplied() bool {
	text := v.in.Object.LastAppliedText()
	return v.in.Manager == clientSideApply && text != "" && text == v.in.Stored.LastAppliedText()
}

// putsManifest reports whether the request is a PUT of a manifest. That does not know of
// our state; who has read the object and puts it back does.
func (v *view) putsManifest() bool {
	return v.in.Method == intent.Put && v.in.Object.StateText() == "" && v.in.Stored.StateText() != ""
}

// readBump takes the bump of a request. It names the containers to move and
// their targets; one that names none, as a person may write it, means all.
func (v *view) readBump() {
	text := v.in.Object.BumpText()
	if text == "" || text == v.in.Stored.BumpText() {
		return
	}
	v.bump = record.ParseBump(text)
	v.bumpAll = true
	for _, slot := range v.in.Object.Slots() {
		if v.bump.Names(slot.Key()) {
			v.bumpAll = false
		}
	}
}

// bumped reports whether the request bumps a container. One with a gate moves by
// the updater's bump alone, and to the target that it names: only the updater may pass
// a gate, and only to the exact target that it has checked. The
// rest of a canary's set moves to the version that has soaked, and to nothing later.
func (v *view) bumped(o *Outcome, gated bool) bool {
	target, named := v.bump.Targets[o.Slot.Key()]
	exact := v.updater && target.Tag != ""
	switch {
	case !named && !v.bumpAll:
		return false
	case exact && (gated || o.Rule.Canary.Follows()):
		o.target = &target
		return true
	case gated:
		o.gatedBumpIgnored = true
		return false
	default:
		return true
	}
}

// back is the result that the request takes a container back to; nil where it does
// not. The word of the updater alone counts.
func (v *view) back(o *Outcome) *record.Result {
	to, named := v.bump.Back[o.Slot.Key()]
	if !named || to.Tag == "" {
		return nil
	}
	if !v.updater {
		o.backIgnored = true
		return nil
	}
	return &to
}

// healthy is what the updater knows to have been healthy of a container; empty where
// it does not say.
func (v *view) healthy(key string) string {
	if !v.updater {
		return ""
	}
	return v.bump.Healthy[key].String()
}

// outcome starts a slot's outcome: it gathers what the table of intents judges.
func (v *view) outcome(slot workload.Slot, versions *policy.Policy) Outcome {
	key := slot.Key()
	submitted, err := intent.ImageOf(slot.Image)
	rule := v.settings.Rule(slot)
	if err != nil {
		rule.Policy = nil
	}
	c := &intent.Case{
		Create: v.in.Stored == nil, CreateOnly: v.in.Object.Kind.CreateOnly, Versions: versions,
		Submitted: submitted, SubmittedState: v.submittedState[key],
		Record: entryOf(v.record, key), SubmittedRecord: entryOf(v.submittedRecord, key), RecordCarried: v.recordCarried,
		PolicyUnknown:   v.in.Unread && v.settings.Silent(),
		ResolveOnChange: rule.ResolveOn == settings.ResolveOnChange, Pins: rule.Pins(submitted.Digest != ""), Follows: rule.Follows(),
		Method: v.in.Method, Manager: v.in.Manager,
	}
	if err != nil { // no answer of ours is an image that nobody can read
		c.SubmittedState, c.SubmittedRecord = record.ContainerState{}, nil
	}
	c.RecordDropped = v.recordDropped && c.Record != nil
	if rule.Governed() {
		c.Rules, c.Gated = rule.Policy, rule.Gated()
	}
	o := Outcome{Slot: slot, Rule: rule, Case: c, invalid: err, updaters: v.updater}
	if was, stored := v.storedImages[key]; stored {
		v.stored(&o, was)
	}
	*c = intent.Align(*c)
	// A bare digest names one image for ever.
	if c.Submitted.Tag == "" {
		o.Rule.Policy, c.Rules = nil, nil
	}
	return o
}

// stored adds what is stored of a container. A container that is new has no state, even if
// an older one of the same name left some.
func (v *view) stored(o *Outcome, was workload.Slot) {
	c, key := o.Case, was.Key()
	image, _ := intent.ImageOf(was.Image) // one that cannot be read is of another repository
	c.Stored, c.State = &image, v.state[key]
	c.Found = foundFor(c.State, image, c.Pins)
	c.Reapplied = v.isReapplied()
	v.evidence(c, o.Slot)
	before := v.before.Rule(was)
	c.Bumped = v.bumped(o, c.Gated)
	c.Back, o.healthy = v.back(o), v.healthy(key)
	c.SettingsChanged = !before.SameAnswer(o.Rule) || before.Gated() && !o.Rule.Gated()
	switch {
	case image.Same(c.Submitted):
		c.Applied = v.appliedNow(o.Slot, c.Submitted, c.State.From)
	case v.in.Manager == "" && !v.putsManifest():
		c.Program = v.in.Object.ImageWriter(v.in.Stored, o.Slot)
	}
	if source, err := intent.ImageOf(c.State.From); err == nil {
		c.Source = &source
	}
	if len(v.state) == 0 || c.Named != nil {
		if applied, err := intent.ImageOf(v.applied().ImageOf(key)); err == nil {
			c.LastApplied = &applied
		}
	}
}

// decide asks the table of intents about all containers at once.
func (v *view) decide(outcomes []Outcome) []intent.Answer {
	w := intent.Workload{Stored: v.holds, Submitted: v.submittedHolds}
	w.OtherState = v.in.Stored != nil && v.in.Object.StateText() != v.in.Stored.StateText()
	w.Cases, w.Keys = make([]*intent.Case, 0, len(outcomes)), make([]string, 0, len(outcomes))
	for i := range outcomes {
		w.Cases, w.Keys = append(w.Cases, outcomes[i].Case), append(w.Keys, outcomes[i].Slot.Key())
	}
	return w.Decide()
}

// foundFor is the stored image, if another webhook rewrote the last answer after our last
// round; else it is empty. Such an image has the answer's tag, or a digest alone.
func foundFor(state record.ContainerState, stored intent.Image, pins bool) string {
	last, ok := state.Last()
	result, read := record.ParseResult(last.Result)
	if !ok || !read || last.Stored != "" || stored.Tag != "" && stored.Tag != result.Tag {
		return ""
	}
	return insteadOf(last, stored, pins)
}

// evidence is what the request tells of who wrote an image that another webhook may
// have rewritten.
func (v *view) evidence(c *intent.Case, slot workload.Slot) {
	if c.Submitted.Repository == c.Stored.Repository && c.Submitted.Digest == c.Stored.Digest && c.Submitted.Tag != "" {
		return
	}
	c.Untouched = v.in.Object.LeavesImage(v.in.Stored, slot)
	c.Applies = v.putsManifest()
	if v.in.Manager != clientSideApply {
		return
	}
	if named, err := intent.ImageOf(v.applying().ImageOf(slot.Key())); err == nil {
		c.Named = &named
	}
}

func entryOf(record record.Record, key string) *record.Result {
	result, ok := record[key]
	if !ok {
		return nil // without a copy that outlives the call
	}
	found := result
	return &found
}
