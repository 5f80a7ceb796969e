package plan

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook"
)

// maxConcurrent bounds the workloads that are looked at at once.
const maxConcurrent = 16

// judge decides about workloads as both would.
type judge struct {
	options Options
	decider *webhook.Decider
	keel    *keel.Installation
	helm    bool // Keel reads releases
	// every is a policy that asks for a list, whatever runs.
	every *policy.Policy
}

// subject is one workload.
type subject struct {
	object    *workload.Object
	namespace workload.Namespace
	settings  *settings.Settings
	keels     keel.Settings
	release   settings.Release
	unread    error
	// optsIn is true where the namespace opts in by the plan.
	optsIn bool
}

func newJudge(o Options, in *input) (*judge, error) {
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: o.Resolver})
	if err != nil {
		return nil, err
	}
	every, err := policy.Parse(policy.Spec{Name: "glob:*"})
	if err != nil {
		return nil, err
	}
	return &judge{
		options: o, decider: decider, keel: in.keel, every: every,
		helm: in.keel == nil || in.keel.Is(keel.Helm3Provider),
	}, nil
}

// read reads the settings of a workload, as both do. ok is false where neither has any.
func (j *judge) read(ctx context.Context, o *workload.Object, namespace workload.Namespace) (s *subject, ok bool) {
	s = &subject{object: o, namespace: namespace}
	if j.helm && j.options.Releases != nil {
		s.release, s.unread = j.options.Releases(ctx, namespace.Name, o)
		o = o.WithRelease(s.release)
		s.object = o
	}
	s.settings = settings.ReadSettings(o, namespace)
	s.keels = keel.ReadSettings(o.Labels(), o.Annotations(), workload.KeelKey, workload.KeelPolicyKey)
	ok = s.keels.Named
	for _, slot := range o.Slots() {
		_, released := s.release.Says(slot)
		ok = ok || released || s.settings.Rule(slot).Governed()
	}
	return s, ok
}

// tracked reports whether Keel looks at a workload.
func (j *judge) tracked(s *subject) bool {
	if !keel.Governs(s.object.Kind.GroupVersionKind.Kind) {
		return false
	}
	if j.keel != nil && j.keel.Restricted() != "" && j.keel.Restricted() != s.namespace.Name {
		return false
	}
	if s.keels.Named {
		return true
	}
	return slices.ContainsFunc(s.object.Slots(), func(slot workload.Slot) bool {
		_, ok := s.release.Says(slot)
		return ok
	})
}

// judgeAll looks at all workloads, at once.
func (j *judge) judgeAll(ctx context.Context, subjects []*subject) []Workload {
	found := make([]Workload, len(subjects))
	var group errgroup.Group
	group.SetLimit(maxConcurrent)
	for i, s := range subjects {
		group.Go(func() error {
			found[i] = j.judge(ctx, s)
			return nil
		})
	}
	_ = group.Wait() // no function of it returns an error
	slices.SortStableFunc(found, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return found
}

// judge compares what becomes of one workload.
func (j *judge) judge(ctx context.Context, s *subject) Workload {
	w := Workload{Namespace: s.namespace.Name, Kind: s.object.Kind.GroupVersionKind.Kind, Name: s.object.Name(), Notes: j.notes(s)}
	decision := j.bump(ctx, s.object, s.namespace)
	held, known := record.Record{}, true
	for i := range decision.Outcomes() {
		o := &decision.Outcomes()[i]
		c := j.container(ctx, s, o)
		w.Containers = append(w.Containers, c)
		keels := c.Keel.Does == Moves && c.Keel.Tag == c.Garboard.Tag
		if (c.Garboard.Does == Moves || c.Garboard.Does == PinsDigest) && !keels {
			w.Rolls = true
			known = known && o.Err == nil
			held[o.Slot.Key()] = o.Result
		}
	}
	if w.Rolls && known && j.holds(ctx, s, held) {
		w.PutOff = "kubectl -n " + quoteForShell(w.Namespace) + " annotate " + quoteForShell(s.object.Shown()) + " " + quoteForShell(workload.AnnotationHold+"="+held.String())
	}
	return w
}

// bump is what admission answers to the updater's bump, the first write that Garboard
// makes. One that names no container means all.
func (j *judge) bump(ctx context.Context, o *workload.Object, namespace workload.Namespace) *webhook.Decision {
	return j.decider.Decide(ctx, webhook.Input{Object: o.WithTemplateAnnotation(workload.AnnotationBump, "all"), Stored: o, Namespace: namespace})
}

// holds reports whether holds keep a workload as it is.
func (j *judge) holds(ctx context.Context, s *subject, held record.Record) bool {
	o := s.object.WithAnnotation(workload.AnnotationHold, held.String())
	for _, outcome := range j.bump(ctx, o, s.namespace).Outcomes() {
		if _, wanted := held[outcome.Slot.Key()]; wanted && outcome.Moved {
			return false
		}
	}
	return true
}

// tags are those of an image's repository, as the registry lists them. Where Garboard
// does not govern the image they were not asked for yet.
func (j *judge) tags(ctx context.Context, reference resolver.Reference) ([]string, bool) {
	if tags, ok := j.options.Lists.listed(reference.Repository); ok {
		return tags, true
	}
	_, _ = j.options.Resolver.Resolve(ctx, resolver.Query{Repository: reference.Repository, Tag: reference.Tag, Policy: j.every})
	return j.options.Lists.listed(reference.Repository)
}
