// Package settings reads what workloads, namespaces and Helm releases ask for, and
// tells what is wrong with it.
package settings

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// Names of settings, without their prefix.
const (
	keyPolicy            = "policy"
	keyMatchTag          = "matchTag"
	keyMatchPreRelease   = "matchPreRelease"
	keyFilter            = "filter"
	keyExtract           = "extract"
	keyExclude           = "exclude"
	keyVariant           = "variant"
	keyTrigger           = "trigger"
	keyPollSchedule      = "pollSchedule"
	keyMonitorContainers = "monitorContainers"
	keyInitContainers    = "initContainers"
	keyImageVolumes      = "imageVolumes"
	keyPin               = "pin"
	keyImagePullSecret   = "imagePullSecret"
	keyPlatforms         = "platforms"
	keyResolveOn         = "resolveOn"
	keyOnUnresolvable    = "onUnresolvable"
	keyHold              = "hold"
	keyMinAge            = "minAge"
	keyAfter             = "after"
	keyWindow            = "window"
	keyCanary            = "canary"
	keyRollback          = "rollback"
	keyHealthTimeout     = "healthTimeout"
	keyNotify            = "notify"
	keyReleaseNotes      = "releaseNotes"
	keyApprovals         = "approvals"
	keyApprovalDeadline  = "approvalDeadline"
	keyApprovalCarry     = "approvalCarry"
)

// Values of settings.
const (
	PinTag    = "tag"
	PinDigest = "digest"
	PinFollow = "follow"

	TriggerPoll = "poll"
	TriggerPush = "push"

	ResolveOnApply  = "apply"
	ResolveOnChange = "change"

	Keep = "keep"
	Deny = "deny"
)

// Settings are what a workload and its namespace ask for.
type Settings struct {
	// Faults are the keys and values that could not be used, in a fixed
	// order, the first 64 of them. A container that one bears on is not
	// governed.
	Faults []Fault

	// broken is set by a fault that bears on all containers. One in a policy
	// leaves that policy nil.
	broken     bool
	skipped    bool // by LabelSkip
	chosen     bool // a policy is, whichever it is
	standard   *policy.Policy
	containers map[string]*policy.Policy
	monitor    *matcher
	monitorAt  entry // where monitor stands
	skipInit   bool
	skipVolume bool
	rule       Rule
	holds      record.Record
	// afterAt is where the rule's After stands.
	afterAt entry
	// released are the settings with those of the Helm release, by the
	// repositories that they hold for.
	released map[resolver.Repository]*Settings
}

// Rule is what holds for one image slot.
type Rule struct {
	// Policy is nil where the slot is not governed.
	Policy *policy.Policy
	// Pin is PinTag, PinDigest, PinFollow, or empty where the workload does not say.
	Pin string
	// Trigger is TriggerPoll or TriggerPush. The default is TriggerPoll.
	Trigger string
	// Schedule is when the slot's repository is polled, ScheduleText as it
	// was written. The default is DefaultSchedule.
	Schedule     cron.Schedule
	ScheduleText string
	// ResolveOn is ResolveOnApply or ResolveOnChange. The default is
	// ResolveOnApply.
	ResolveOn string
	// OnUnresolvable is Keep or Deny. The default is Keep.
	OnUnresolvable string
	// ImagePullSecret names a Secret in the workload's namespace whose
	// credentials are tried before those of the pod template; empty for none.
	ImagePullSecret string
	// Platforms are those that an image has to be built for, sorted; none
	// where the workload does not say.
	Platforms []resolver.Platform
	// Hold is the version that the container has left and is not to go back
	// to; the zero value is none.
	Hold record.Result
	// MinAge is how old an image has to be; 0 is no bound.
	MinAge time.Duration
	// After are the workloads that have to run a version first.
	After []After
	// Window is when the slot may be moved. Nil is always.
	Window *Window
	// Canary is the workload's place in a set whose first goes ahead.
	Canary Canary
	// Approvals are what people are asked for before a move.
	Approvals Approvals
	// Rollback is RollbackAuto or RollbackOff. The default is RollbackOff.
	Rollback string
	// HealthTimeout is how long Pods may keep failing after a move. The default is
	// DefaultHealthTimeout.
	HealthTimeout time.Duration
	// Notify names the channels that are told; none means the default ones.
	Notify []string
	// ReleaseNotes is the address of what people want to read about new versions;
	// empty for none.
	ReleaseNotes string
}

// Governed reports whether Garboard decides about the slot at all.
func (r Rule) Governed() bool { return r.Policy != nil }

// Pins reports whether a resolution carries a digest: by the setting, for an
// image that was submitted with one, or for a policy that follows digests.
func (r Rule) Pins(submittedDigest bool) bool {
	switch {
	case r.Pin != "":
		return r.Pin != PinTag
	case submittedDigest:
		return true
	default:
		return r.Policy != nil && r.Policy.PinsDigest()
	}
}

// Follows reports whether a resolution carries the digest that the tag has now, also
// where the tag stays.
func (r Rule) Follows() bool { return r.Pin == PinFollow }

// SameAnswer reports whether two rules give the same answer for the same image
// and registry, but for their holds: a change of anything else resolves nothing.
func (r Rule) SameAnswer(other Rule) bool {
	if !r.Governed() || !other.Governed() {
		return r.Governed() == other.Governed()
	}
	return r.Pin == other.Pin && slices.Equal(r.Platforms, other.Platforms) && r.Policy.Equal(other.Policy)
}

// MaxSteps is how many steps the regular expressions in the settings of one object may
// have together.
const MaxSteps = 10_000

// maxEntries is how many of our keys an object may carry on its annotations, and on
// its labels.
const maxEntries = 1024

// Reader reads the settings of the objects of one request, and compiles what is in
// them once. It is not safe for concurrent use.
type Reader struct{ patterns *policy.Compiler }

// NewReader returns a Reader that has compiled nothing.
func NewReader() *Reader { return &Reader{patterns: policy.NewCompiler(MaxSteps)} }

// Steps is how many steps of regular expressions the Reader has compiled.
func (r *Reader) Steps() int { return r.patterns.Steps() }

// Settings reads the settings of a workload in its namespace, and those of its Helm
// release where WithRelease gave it one. It returns an error where the context ends
// before they are read.
func (r *Reader) Settings(ctx context.Context, o *workload.Object, namespace workload.Namespace) (*Settings, error) {
	return r.settings(o, namespace, ctx.Err)
}

// ReadSettings reads the settings of one workload. What that takes is bounded by the
// Reader's budget alone.
func ReadSettings(o *workload.Object, namespace workload.Namespace) *Settings {
	s, err := NewReader().settings(o, namespace, func() error { return nil })
	if err != nil { // there is no end to it
		return &Settings{broken: true}
	}
	return s
}

func (r *Reader) settings(o *workload.Object, namespace workload.Namespace, ended func() error) (*Settings, error) {
	r.patterns.Renew()
	reading := &reading{patterns: r.patterns, ended: ended, self: selfOf(o, namespace)}
	all := reading.entries(o.Annotations(), onAnnotations)
	all = append(all, reading.entries(o.Labels(), onLabels)...)
	all = append(all, reading.entries(namespace.Annotations, onNamespace)...)
	s := reading.read(o, all)
	if release, ok := o.Release().(Release); ok && len(release.images) > 0 {
		s.released = map[resolver.Repository]*Settings{}
		reading.readRelease(s, o, all)
	}
	if err := ended(); err != nil {
		return nil, fmt.Errorf("reading settings: %w", err)
	}
	return s, nil
}

// Silent reports whether neither the workload nor its namespace says what is to
// be governed, so that it is its Helm release's to say.
func (s *Settings) Silent() bool { return !s.chosen && !s.skipped }

// Rule returns what holds for a slot.
func (s *Settings) Rule(slot workload.Slot) Rule {
	if len(s.released) > 0 {
		if released, ok := s.released[repositoryOf(slot)]; ok {
			return released.Rule(slot)
		}
	}
	rule := s.rule
	rule.Policy, rule.Hold = s.policyFor(slot), s.holds[slot.Key()]
	return rule
}

func (s *Settings) policyFor(slot workload.Slot) *policy.Policy {
	if s.broken || s.skipped {
		return nil
	}
	if slot.Type == workload.InitContainer && s.skipInit || slot.Type == workload.ImageVolume && s.skipVolume {
		return nil
	}
	if s.monitor != nil && !s.monitor.matches(slot.Name) {
		return nil
	}
	p, own := s.containers[slot.Name]
	if !own {
		p = s.standard
	}
	if p == nil || p.Never() {
		return nil
	}
	return p
}

// TemplateOnlyPolicy returns the key of a policy on the pod template of an object, or on
// the template of its Jobs, and which of them; only is true where the object has none itself.
func TemplateOnlyPolicy(o *workload.Object) (key, template string, only bool) {
	key, template = policyKey(o.TemplateAnnotations(), o.TemplateLabels()), "pod"
	if job := o.JobMetadata(); key == "" && job != nil {
		key, template = policyKey(workload.Child(job, "annotations"), workload.Child(job, "labels")), "job"
	}
	return key, template, key != "" && policyKey(o.Annotations(), o.Labels()) == ""
}

// policyKey returns the first key that sets a policy among annotations or labels;
// empty for none.
func policyKey(places ...map[string]any) string {
	for _, place := range places {
		for _, e := range findEntries(place, onAnnotations) {
			if e.isPolicy() {
				return e.key
			}
		}
	}
	return ""
}
