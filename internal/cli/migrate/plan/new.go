package plan

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
)

// Options are what a plan is made of.
type Options struct {
	// Sources are the objects that were found.
	Sources []Source
	// Keel names the installation that is meant, as NAMESPACE/NAME. It may be empty
	// where there is one.
	Keel string
	// Both asks how to run both side by side.
	Both bool
	// Flags are those that the plan was asked for with. Its steps give them again.
	Flags []string
	Kinds workload.Kinds
	// Resolver asks Lists for tags.
	Resolver *resolver.Resolver
	Lists    *Recorder
	// Releases tells what the Helm release of a workload says; nil is nothing.
	Releases func(ctx context.Context, namespace string, o *workload.Object) (settings.Release, error)
}

// APIVersion and Kind are those of a plan as JSON.
const (
	APIVersion = "garboard.dev/v1alpha1"
	Kind       = "KeelMigration"
)

// New makes a plan. The error is one of *NothingError, *SeveralError and *AbsentError, or
// the context's: what a registry failed at is in the plan.
func New(ctx context.Context, o Options) (*Plan, error) {
	in, err := readSources(o.Sources, o.Kinds, o.Keel)
	if err != nil {
		return nil, err
	}
	j, err := newJudge(o, in)
	if err != nil {
		return nil, err
	}
	p := &Plan{TypeMeta: metav1.TypeMeta{APIVersion: APIVersion, Kind: Kind}}
	defaults := namespaceDefaults(in.keel)
	var subjects []*subject
	optIn := map[string]bool{}
	var hosts []string
	for _, object := range in.workloads {
		namespace := in.namespace(object.Namespace(), defaults)
		s, ok := j.read(ctx, object, namespace)
		if !ok {
			continue
		}
		subjects = append(subjects, s)
		if j.tracked(s) && !isExcluded(namespace.Name) {
			optIn[namespace.Name] = true
			hosts = append(hosts, hostsOf(object)...)
		}
	}
	if in.keel == nil && len(optIn) == 0 {
		return nil, &NothingError{}
	}
	for _, name := range sortedKeys(optIn) {
		p.Namespaces = append(p.Namespaces, Namespace{
			Name: name, Labels: map[string]string{workload.LabelEnabled: "true"}, Annotations: in.missing(name, defaults),
		})
	}
	for _, s := range subjects {
		s.optsIn = optIn[s.namespace.Name]
	}
	p.Workloads = j.judgeAll(ctx, subjects)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in.keel != nil {
		slices.Sort(hosts)
		p.tell(&environment{keel: in.keel, reached: in.reached, hosts: slices.Compact(hosts)})
	}
	p.Access = accessNotes(in.keel)
	p.instruct(in, o)
	return p, nil
}

// tell writes down what Keel's environment says.
func (p *Plan) tell(s *environment) {
	k := s.keel
	p.Keel = &Keel{Namespace: k.Namespace, Name: k.Name, Image: k.Image, Restricted: k.Restricted()}
	p.Settings, p.Secrets = s.files()
	p.Variables, p.Webhooks = s.variables(), s.webhooks()
}

// namespaceDefaults are the annotations that say for a namespace what Keel's environment
// says for all.
func namespaceDefaults(k *keel.Installation) map[string]string {
	defaults := map[string]string{}
	if k == nil {
		return defaults
	}
	if !k.Polls() {
		defaults[workload.Prefix+"trigger"] = settings.TriggerPush
	}
	schedule := k.Value(keel.PollDefaultSchedule, "")
	if _, err := settings.ParseSchedule(schedule); schedule != "" && err == nil && k.Polls() {
		defaults[workload.Prefix+"pollSchedule"] = schedule
	}
	return defaults
}

// namespace is one as it will be, with the defaults that it does not have yet.
func (in *input) namespace(name string, defaults map[string]string) workload.Namespace {
	n := in.namespaces[name]
	annotations := map[string]any{}
	for key, value := range in.missing(name, defaults) {
		annotations[key] = value
	}
	for key, value := range n.Annotations {
		annotations[key] = value
	}
	return workload.Namespace{Name: name, Labels: map[string]any{workload.LabelEnabled: "true"}, Annotations: annotations}
}

// missing are the defaults that a namespace does not have.
func (in *input) missing(name string, defaults map[string]string) map[string]string {
	missing := map[string]string{}
	for key, value := range defaults {
		if _, ok := in.namespaces[name].Annotations[key]; !ok {
			missing[key] = value
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return missing
}

// hostsOf are the registries of a workload's images.
func hostsOf(o *workload.Object) []string {
	var hosts []string
	for _, slot := range o.Slots() {
		if reference, err := resolver.ParseReference(slot.Image); err == nil {
			hosts = append(hosts, reference.Repository.Host())
		}
	}
	return hosts
}
