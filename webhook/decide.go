package webhook

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cluster"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// Resolver answers which image a container moves to. An error means that
// nothing is known of the repository and that it could not be asked in time;
// the answer is then the query's own tag.
type Resolver interface {
	Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error)
}

// What Kubernetes is asked.
type (
	// Credentials finds what the images of a workload are pulled with.
	Credentials = cluster.Credentials
	// Placement tells on which platforms the Pods of a workload may run.
	Placement = cluster.Placement
)

// DeciderOptions are what a Decider asks.
type DeciderOptions struct {
	// Resolver is required.
	Resolver Resolver
	// Credentials are asked before the Resolver's own. The default is none.
	Credentials Credentials
	// Placement is asked for workloads that name no platforms. The default is to
	// check none.
	Placement Placement
	// UpdaterAccount is the user whose bumps move containers that have a gate. The
	// default is no user: these stay then.
	UpdaterAccount string
}

// Decider decides about the images of a workload. Admission and `garboard
// resolve` use the same one.
type Decider struct {
	DeciderOptions
	// versions orders tags of containers that have no policy.
	versions *policy.Policy
}

// NewDecider returns a Decider.
func NewDecider(o DeciderOptions) (*Decider, error) {
	versions, err := policy.Parse(policy.Spec{Name: "all"})
	if err != nil {
		return nil, err
	}
	return &Decider{DeciderOptions: o, versions: versions}, nil
}

// Input is one write of a workload.
type Input struct {
	// Object is what was submitted; Stored what it replaces, nil at create.
	Object, Stored *workload.Object
	Namespace      workload.Namespace
	Method         intent.Method
	// Manager is the field manager that the writer names, and User who the API server
	// says it is.
	Manager, User string
	// Unread is true where the settings of the workload's Helm release could not
	// be read, and none are known from before.
	Unread bool

	// settings and before are those of both objects, where readSettings has read them.
	settings, before *settings.Settings
}

// Decision is the answer for all containers of one workload.
type Decision struct {
	input    Input
	outcomes []Outcome
	badHold  bool
	// full: there is no room for the answer's annotations, and nothing is changed.
	full bool
	ours texts
}

// Outcomes returns what became of each image slot, in the slots' order.
func (d *Decision) Outcomes() []Outcome { return d.outcomes }

// Outcome is what became of one image slot.
type Outcome struct {
	Slot workload.Slot
	Rule settings.Rule
	// Case is what is judged, with the images before the decision, and Answer what the
	// table of intents says of it.
	Case   *intent.Case
	Answer intent.Answer
	// Query is what the resolver was asked; the zero value where it was not.
	Query resolver.Query
	// Resolution says why; its reason is empty where nothing was resolved.
	Resolution resolver.Resolution
	// Err is the resolver's error, nil where the registry or its last known
	// list answered.
	Err error
	// Image is the final reference; Result its tag and digest as the record
	// has them.
	Image  string
	Result record.Result
	// Moved is true where the template has to change for this slot.
	Moved bool
	// Hold is the version that the container is held from afterwards; the zero
	// value is none.
	Hold record.Result

	// invalid is why the submitted image is no reference; nil if it is one.
	invalid error
	// target is what the updater's bump names, of a container with a gate;
	// gatedBumpIgnored is true where a bump was not the updater's to pass it.
	target           *record.Result
	gatedBumpIgnored bool
	// backIgnored is true where another writer than the updater asks for a way back.
	backIgnored bool
	// healthy is what the updater says was healthy last; updaters is true where the
	// request is its.
	healthy  string
	updaters bool
}

// maxAtOnce is how many containers of a workload are resolved at once. Most have fewer, and one
// that names hundreds of registries takes no more of our memory for it.
const maxAtOnce = 16

// Decide works out the answer for every slot. It changes nothing and asks the
// registry only for the slots whose row says so, as many as maxAtOnce at a time.
func (d *Decider) Decide(ctx context.Context, in Input) *Decision {
	if in.settings == nil {
		_ = in.readSettings(context.WithoutCancel(ctx)) // which has no end
	}
	view := newView(in, in.User != "" && in.User == d.UpdaterAccount)
	decision := &Decision{input: in}
	placed := d.placed(ctx, in.Object)
	var wait errgroup.Group
	wait.SetLimit(maxAtOnce - 1) // beside the caller's own
	var panicked panicCollector
	slots := in.Object.Slots()
	decision.outcomes = make([]Outcome, len(slots))
	decision.badHold = view.settings.BadHold()
	for i, slot := range slots {
		decision.outcomes[i] = view.outcome(slot, d.versions)
	}
	for i, answer := range view.decide(decision.outcomes) {
		o := &decision.outcomes[i]
		o.Answer = answer
		if !o.Answer.Resolve {
			o.setResolution(resolver.Resolution{Tag: o.Answer.Image.Tag, Digest: o.baseDigest()}, nil)
			continue
		}
		query := o.query(view.bump.Targets)
		query.Sharing, query.Owner = len(slots), in.Namespace.Name
		if query.Platforms == nil && placed != nil {
			query.Platforms = placed()
		}
		if d.Credentials != nil {
			query.Credentials = d.Credentials.Of(in.Namespace.Name, in.Object, slots[i], o.Rule)
		}
		o.Query = query
		if i == len(slots)-1 { // no need to leave the caller's goroutine
			o.setResolution(d.resolve(ctx, query))
			continue
		}
		resolve := panicked.wrap(func() { o.setResolution(d.resolve(ctx, query)) })
		wait.Go(func() error { resolve(); return nil })
	}
	_ = wait.Wait() // they return no errors
	panicked.rethrow()
	decision.annotate()
	return decision
}

// placed tells on which platforms the Pods of an object may run, and looks once; nil
// where there is no telling.
func (d *Decider) placed(ctx context.Context, object *workload.Object) func() []resolver.Platform {
	if d.Placement == nil {
		return nil
	}
	return sync.OnceValue(func() []resolver.Platform { return d.Placement.Required(ctx, object) })
}

// resolve asks the resolver. A panic below it is that container's error, and
// not the end of the process: it would be, in a goroutine of our own.
func (d *Decider) resolve(ctx context.Context, q resolver.Query) (answer resolver.Resolution, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			fault := newPanicError(cause)
			answer, err = resolver.Resolution{}, fmt.Errorf("resolving %q: %w", q.Repository, fault)
			log.FromContext(ctx).Error(err, "recovered", "stack", fault.stack)
		}
	}()
	return d.Resolver.Resolve(ctx, q)
}

// query asks for what the answer's base moves to. The entry of the index must
// know the tags that the request itself names: they may be younger than it.
func (o *Outcome) query(bump record.Record) resolver.Query {
	base := o.Answer.Image
	q := o.Rule.Query(base.Repository, base.Tag, o.baseDigest(), o.Case.Submitted.Digest != "")
	q.Want, q.Mounted = append(q.Want, o.Case.Submitted.Tag), o.Slot.Type == workload.ImageVolume
	q.Hold, q.Create, q.TellOthers = resolver.Hold(o.Answer.Hold), o.Case.Stored == nil, o.newSource()
	if o.target != nil {
		q.Allow = func(tag string) bool { return tag == o.target.Tag }
		q.TellDigest = q.TellDigest && o.target.Digest != "" // or else none was approved
	}
	if target, ok := bump[o.Slot.Key()]; ok && target.Tag != "" {
		q.Want, q.Expected = append(q.Want, target.Tag), target.Tag
		q.WantDigest = target.Digest
	} else if o.Rule.Follows() || o.Rule.Policy.FollowsSameTag(base.Tag) {
		// Another replica may have seen the tag move.
		q.WantDigest = q.Digest
	}
	return q
}

// newSource reports whether the writer names an image that was not named before. What
// the policy passes over is told then, and not with each sync of the same manifest.
func (o *Outcome) newSource() bool {
	switch o.Answer.Row {
	case intent.Created, intent.NewSource, intent.SourceUp, intent.SourceDown, intent.ByHand:
		return true
	default:
		return false
	}
}

func (o *Outcome) pins() bool { return o.Rule.Pins(o.Case.Submitted.Digest != "") }

// baseDigest is the digest that the base is known to have: the image's own, or
// what the record says of it where the image is written without.
func (o *Outcome) baseDigest() string {
	base := o.Answer.Image
	switch {
	case o.Answer.Row == intent.Undo && o.Case.SubmittedRecord != nil:
		return o.Case.SubmittedRecord.Digest
	case o.Answer.Row == intent.TakenBack:
		return o.Case.Back.Digest
	}
	if o.Case.Record != nil && o.Case.Stored != nil && base.Same(*o.Case.Stored) {
		return record.Result{Tag: base.Tag, Digest: base.Digest}.WithRecordedDigest(*o.Case.Record).Digest
	}
	return base.Digest
}

// setResolution writes the resolution into the outcome.
func (o *Outcome) setResolution(r resolver.Resolution, err error) {
	if err == nil {
		r = o.limitToBumpTarget(r)
	}
	o.Resolution, o.Err = r, err
	base := o.Answer.Image
	o.Result = record.Result{Tag: r.Tag, Digest: r.Digest}
	if !o.Answer.Resolve || err != nil {
		o.Result = record.Result{Tag: base.Tag, Digest: o.baseDigest()}
	}
	o.Image, o.Hold = o.text(), o.remainingHold()
	if o.Case.Stored == nil {
		o.Moved = true
		return
	}
	o.Moved = o.Image != o.Case.Stored.Text && !o.respelled() || o.newDigest()
}

// newDigest is true where the tag stays and the digest behind it does not, of
// an image that is written without its digest.
func (o *Outcome) newDigest() bool {
	if !o.Answer.Resolve || o.Result.Digest == "" || o.Case.Stored.Digest != "" {
		return false
	}
	return o.Case.Record == nil || o.Case.Record.Digest != o.Result.Digest
}
