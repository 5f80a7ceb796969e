package plan

import (
	"context"
	"fmt"
	"strconv"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook"
)

// Reasons of a plan beside those to choose another tag (keel.Reason).
const (
	reasonPolled     = "Polled"
	reasonInit       = "InitContainers"
	reasonVolume     = "ImageVolumes"
	reasonKind       = "Kind"
	reasonOutside    = "NamespaceStaysOut"
	reasonApprovals  = "Approvals"
	reasonSetting    = "Setting"
	reasonDigest     = "DigestPinned"
	reasonSameTag    = "SameTag"
	reasonGate       = "Gate"
	reasonProblem    = "Registry"
	reasonExcluded   = "NeverGoverned"
	reasonRelease    = "HelmRelease"
	reasonResolution = "Resolution"
	reasonOwn        = "NoPolicyOfKeel"
)

// texts are the sentences of the reasons that have no detail of their own.
var texts = map[string]string{
	reasonPolled:   "Keel waits for a push, and Garboard polls every governed workload; garboard.dev/trigger: push does as Keel",
	reasonInit:     "init containers are governed unless keel.sh/initContainers says \"false\"; Keel wants a \"true\"",
	reasonVolume:   "image volumes are governed unless keel.sh/imageVolumes says \"false\"; Keel wants a \"true\"",
	reasonKind:     "Keel looks at Deployments, StatefulSets, DaemonSets and CronJobs alone",
	reasonOutside:  "Keel looks at nothing in this namespace, so it does not opt in",
	reasonDigest:   "Garboard writes the digest behind the tag, and the Pods roll for it, once",
	reasonSameTag:  "without matchTag, Garboard follows the digest of a tag that is no version, where Keel takes another tag",
	reasonOwn:      "the policy is one that Keel does not read, of Garboard or of the namespace",
	reasonExcluded: "Garboard never governs workloads of this namespace",
}

// rule is what Keel goes by for an image.
func (j *judge) rule(s *subject, slot workload.Slot) (rule keel.Rule, polled, tracked bool) {
	if !j.tracked(s) {
		return keel.Rule{}, false, false
	}
	if s.keels.Named {
		place := map[workload.SlotType]keel.Place{
			workload.Container: keel.Container, workload.InitContainer: keel.InitContainer, workload.ImageVolume: keel.ImageVolume,
		}[slot.Type]
		return s.keels.Rule, s.keels.Polled, s.keels.Tracks(place, slot.Name)
	}
	says, ok := s.release.Says(slot)
	if !ok {
		return keel.Rule{}, false, false
	}
	return keel.Rule{Policy: says("policy"), MatchTag: says("matchTag") == "true", AnyPreRelease: says("matchPreRelease") == "false"},
		says("trigger") == "poll", true
}

// votes are how many Keel waits for.
func (s *subject) votes(slot workload.Slot) int {
	if s.keels.Named {
		return s.keels.Approvals
	}
	if says, ok := s.release.Says(slot); ok {
		n, _ := strconv.Atoi(says("approvals"))
		return n
	}
	return 0
}

// container compares what becomes of one image.
func (j *judge) container(ctx context.Context, s *subject, o *webhook.Outcome) Container {
	c := Container{Name: o.Slot.Key(), Image: o.Slot.Image}
	reference, err := resolver.ParseReference(o.Slot.Image)
	if err != nil {
		c.Keel, c.Garboard = Act{Does: Unknown}, Act{Does: Stays}
		c.note(reasonProblem, o.Problem())
		return c
	}
	rule, polled, tracked := j.rule(s, o.Slot)
	polled = polled && (j.keel == nil || j.keel.Polls())
	c.Garboard = garboardAct(s, o)
	var tags []string
	c.Keel = Act{Does: NotGoverned}
	if tracked {
		tags, _ = j.tags(ctx, reference)
		c.Keel = keelAct(rule, reference.TagOrLatest(), tags, polled)
		if votes := s.votes(o.Slot); votes > 0 {
			c.Keel = Act{Does: WaitsForVotes}
			c.note(reasonApprovals, votesText(votes, o))
		}
	}
	j.explain(&c, s, o, rule, polled, tracked)
	if tracked {
		c.choice(rule, o, reference.TagOrLatest(), tags)
	}
	return c
}

// votesText says what becomes of votes that Keel waits for.
func votesText(votes int, o *webhook.Outcome) string {
	text := "Keel waits for " + printable.Count(votes, "vote")
	if n := o.Rule.Approvals.Votes; n > 0 {
		return text + fmt.Sprintf(", Garboard for %d: people vote with garboard approve, as far as they may create imageupdatevotes.garboard.dev", n)
	}
	return text + ", and Garboard is not asked to"
}

// keelAct is what Keel does at its next event.
func keelAct(rule keel.Rule, current string, tags []string, polled bool) Act {
	switch {
	case !rule.Moves():
		return Act{Does: Stays}
	case rule.Follows():
		return Act{Does: Follows}
	case tags == nil:
		return Act{Does: Unknown}
	case !polled:
		return Act{Does: WaitsForPush}
	}
	if to := rule.Answer(current, tags); to != current {
		return Act{Does: Moves, Tag: to}
	}
	return Act{Does: Stays}
}

// garboardAct is what Garboard does at its first poll.
func garboardAct(s *subject, o *webhook.Outcome) Act {
	switch {
	case !s.optsIn, !o.Rule.Governed():
		return Act{Does: NotGoverned}
	case o.Rule.Approvals.Votes > 0:
		return Act{Does: WaitsForVotes}
	case o.Answer.Gated || o.Rule.Gated():
		return Act{Does: WaitsForGate}
	case o.Rule.Policy.FollowsSameTag(o.Case.Submitted.Tag):
		// Where the registry was not asked for the digest, that it will be written is known.
		if o.Moved || o.Err != nil && o.Case.Submitted.Digest == "" && o.Rule.Pins(false) {
			return Act{Does: PinsDigest}
		}
		return Act{Does: Follows}
	case o.Err != nil:
		return Act{Does: Unknown}
	case o.Moved && o.Result.Tag == o.Case.Submitted.Tag:
		return Act{Does: PinsDigest}
	case o.Moved:
		return Act{Does: Moves, Tag: o.Result.Tag}
	default:
		return Act{Does: Stays}
	}
}

// explain notes what differs beside the choice of a tag.
func (j *judge) explain(c *Container, s *subject, o *webhook.Outcome, rule keel.Rule, polled, tracked bool) {
	governed := c.Garboard.Does != NotGoverned
	named := s.keels.Named || s.release.Names(o.Slot)
	switch {
	case isExcluded(s.namespace.Name):
		c.note(reasonExcluded, "")
	case governed && !tracked && !keel.Governs(s.object.Kind.GroupVersionKind.Kind):
		c.note(reasonKind, "")
	case !s.optsIn:
		c.note(reasonOutside, "")
	case governed && !named:
		c.note(reasonOwn, "")
	case governed && !tracked && o.Slot.Type == workload.InitContainer:
		c.note(reasonInit, "")
	case governed && !tracked && o.Slot.Type == workload.ImageVolume:
		c.note(reasonVolume, "")
	}
	if c.Garboard.Does == Moves && tracked && !polled {
		c.note(reasonPolled, "")
	}
	if c.Garboard.Does == PinsDigest {
		c.note(reasonDigest, "")
	}
	if governed && tracked && rule.Policy == "force" && !rule.Follows() && o.Rule.Policy.FollowsSameTag(o.Case.Submitted.Tag) {
		c.note(reasonSameTag, "")
	}
	if c.Garboard.Does == WaitsForGate {
		c.note(reasonGate, "minAge, after or window lets only the updater's bump through, when they allow it")
	}
	if problem := o.Problem(); governed && problem != "" {
		c.note(reasonProblem, problem)
	}
}

// choice names why both move to different tags, or only one of them moves.
func (c *Container) choice(rule keel.Rule, o *webhook.Outcome, current string, tags []string) {
	ours := current
	switch c.Garboard.Does {
	case Moves:
		ours = c.Garboard.Tag
	case Stays:
	default:
		return
	}
	if tags == nil || c.Keel.Does != Moves && c.Keel.Does != Stays && c.Keel.Does != WaitsForPush {
		return
	}
	choice := keel.Choice{
		Policy: o.Rule.Policy, Tags: policy.NewIndex(tags), Current: current,
		Ours: ours, Keels: rule.Answer(current, tags), Why: o.Resolution.Reason, Keel: rule,
	}
	reason, ok := choice.Reason()
	switch p := o.Rule.Policy; {
	case choice.Ours == choice.Keels:
	case !ok, !p.ByDate(current) && p.Select(choice.Tags, current).Tag != ours: // a hold, or a platform
		c.note(reasonResolution, o.Resolution.Why())
	default:
		c.note(string(reason), reason.Text())
	}
}

func (c *Container) note(reason, text string) {
	if text == "" {
		text = texts[reason]
	}
	c.Notes = append(c.Notes, Note{reason, text})
}

// notes are what is wrong with the settings of a workload.
func (j *judge) notes(s *subject) []Note {
	var notes []Note
	for _, fault := range s.settings.Faults {
		notes = append(notes, Note{reasonSetting, fault.Error().Error()})
	}
	if s.unread != nil {
		notes = append(notes, Note{reasonRelease, s.unread.Error()})
	}
	return notes
}

// isExcluded are the namespaces that no label opts in.
func isExcluded(namespace string) bool {
	switch namespace {
	case "kube-system", "kube-node-lease", "cert-manager", garboardNamespace:
		return true
	default:
		return false
	}
}
