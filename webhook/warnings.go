package webhook

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// The API server cuts long warnings, and all of them once there are many
// (k8s.io/apiserver/pkg/warning).
const (
	maxWarning  = 120
	maxWarnings = 10
)

// Warnings tells the writer where an answer changed something, or disagreed
// with what was asked for. A manifest that is applied again and keeps what it
// has says nothing: loops would fill logs with it.
func (d *Decision) Warnings() []string {
	if d.full {
		return []string{warningFull}
	}
	all := make([]string, 0, len(d.outcomes))
	for i := range d.outcomes {
		if w := d.outcomes[i].warning(d.input.Manager); w != "" {
			all = append(all, d.outcomes[i].Slot.Key()+": "+w)
		}
	}
	return Bound(all)
}

// Bound keeps warnings within what a client shows: at most ten of at most 120
// characters, then how many more there were.
func Bound(all []string) []string {
	if len(all) == 0 {
		return nil
	}
	more := len(all) - maxWarnings
	if more > 0 {
		all = all[: maxWarnings-1 : maxWarnings-1]
	}
	bounded := slices.Clone(all)
	for i, w := range all {
		bounded[i] = printable.Escape(w, maxWarning)
	}
	if more > 0 {
		bounded = append(bounded, fmt.Sprintf("and %d more", more+1))
	}
	return bounded
}

// Problem tells why a container stayed that should not have to: the registry
// could not be asked, or the policy cannot judge the image. Empty for none.
func (o *Outcome) Problem() string {
	switch {
	case o.invalid != nil:
		return notReference(o.Slot.Image, o.invalid)
	case o.Err != nil:
		return "kept at " + o.Result.Tag + ": " + resolver.Summary(o.Err)
	case o.Resolution.Warning != "":
		return o.Resolution.Warning
	case o.Resolution.Stale:
		return "answered from the last known list: " + resolver.Summary(o.Resolution.Err)
	case o.Answer.Resolve && (troubling(o.Resolution.Reason) || len(o.Resolution.Others.Tags) > 0):
		return "stays at " + o.Result.Tag + ": " + o.Resolution.Why()
	default:
		return ""
	}
}

// notReference tells of an image that is left as it is.
func notReference(image string, err error) string {
	var host *registry.HostError
	if errors.As(err, &host) {
		return printable.Escape(host.Error(), maxWarning-20) + "; left as it is"
	}
	if why := whyNoReference(image); why != "" {
		return "not an image reference, left as it is: " + why
	}
	return "not an image reference, left as it is"
}

// whyNoReference tells what is wrong with an image that people often get wrong; empty for
// anything else.
func whyNoReference(image string) string {
	path := strings.LastIndexByte(image, '/') + 1
	name, behind := image, ""
	if end := strings.IndexAny(image[path:], ":@"); end >= 0 {
		name, behind = image[:path+end], image[path+end:]
	}
	switch {
	case endsInExponent(image):
		return "the tag is a number; quote it in the values"
	case strings.ContainsAny(image, "{}$%<>"), strings.Contains(image, "[["), strings.Contains(image, "@@"):
		return "a template that was not filled in"
	case strings.Contains(image, "://"):
		return "an image has no scheme such as https://"
	case strings.ContainsAny(image, " \t\r\n"):
		return "it has a blank in it"
	}
	if at := strings.IndexFunc(image, func(r rune) bool { return r > unicode.MaxASCII }); at >= 0 {
		r, _ := utf8.DecodeRuneInString(image[at:])
		return fmt.Sprintf("it has the character %U in it", r)
	}
	if strings.ToLower(name) != name {
		return "its name has capital letters"
	}
	return whyNoTag(behind)
}

// whyNoTag tells what is wrong with what stands behind an image's name.
func whyNoTag(behind string) string {
	tag, digested, ok := strings.Cut(strings.TrimPrefix(behind, ":"), "@")
	switch {
	case behind == "":
		return ""
	case strings.HasPrefix(tag, "sha256:"):
		return "a digest has @ before it"
	case strings.HasPrefix(behind, ":") && tag == "" || strings.HasPrefix(tag, ":"):
		return "its tag is empty"
	case strings.Contains(tag, ":"):
		return "it has two tags"
	case strings.Contains(tag, "+"):
		return "a tag has no +; _ and - are allowed"
	case ok && !document.ValidDigest(digested):
		return "what is behind @ is no digest"
	default:
		return ""
	}
}

// endsInExponent reports whether an image has a tag such as 2.026113e+07, which is what Helm
// makes of the digits 20261130 in a values file.
func endsInExponent(image string) bool {
	tag := image[strings.LastIndexByte(image, ':')+1:]
	if len(tag) > 32 || !strings.Contains(tag, "e+") {
		return false
	}
	_, err := strconv.ParseFloat(tag, 64)
	return err == nil
}

// troubling are the reasons to stay that a person should hear of.
func troubling(reason policy.Reason) bool {
	switch reason {
	case policy.StayNotAVersion, policy.StayUnreadVersion, policy.StayExactPattern, policy.StayNeedsRegistry, policy.StayFiltered, policy.StayNoCandidate,
		resolver.StayTooCostly, policy.StayOutOfTime, resolver.StayNotInList, resolver.StayEmptyList, resolver.StayNoDigest, resolver.StayNoDate, resolver.StayNoPlatform,
		resolver.StayRegistryUnavailable:
		return true
	default:
		return false
	}
}

func (o *Outcome) warning(manager string) string {
	from := o.before()
	if problem := o.Problem(); problem != "" {
		if o.Answer.Resolve && o.differs(from) {
			return o.change(from) + "; " + problem
		}
		return problem
	}
	switch {
	case o.Answer.Row == intent.NotGoverned && o.Answer.Below && o.Case.State.From != "":
		return o.change(from) + " as written: Garboard no longer governs it"
	case o.Answer.Row == intent.TakenBack:
		return o.change(from) + " (taken back by the updater)" + o.held()
	case o.backIgnored:
		return "way back ignored: only the updater's is taken"
	case o.Answer.Below:
		return o.change(from) + " as written" + o.held()
	case o.Answer.Row == intent.Bypassed && !o.Answer.Repair && o.Hold != o.Case.Hold:
		return o.Result.Tag + " stays, brought back past Garboard" + o.held()
	case o.Answer.Repair && o.differs(from):
		return o.change(from) + " (repaired: it was written past Garboard)"
	case o.Answer.Resolve && (o.differs(from) || o.Moved && o.Case.Stored != nil && o.Image == o.Case.Stored.Text):
		why := "policy " + o.Rule.Policy.Name()
		if preferred := o.Resolution.Preferred(); preferred != "" {
			why += "; " + preferred
		}
		if o.Answer.Hold.Tag != "" && o.Hold.Tag == "" {
			why += "; hold on " + o.Answer.Hold.Tag + " ended"
		}
		return o.change(from) + " (" + why + ")"
	case o.gatedBumpIgnored:
		return "bump ignored: " + o.Gates() + " lets only the updater's through"
	case o.Hold.Tag != "" && o.staysBelow() && personal(manager):
		return "stays at " + o.Result.Tag + o.held()
	case manager == "helm" && o.staysAbove():
		return o.Result.Tag + " stays above the chart's " + o.Case.Submitted.Tag + "; to go back use kubectl rollout undo"
	default:
		return ""
	}
}

// differs reports whether the answer is another image than a change is told from. The
// stored one under the writer's name for it is no other.
func (o *Outcome) differs(from intent.Image) bool {
	if o.Case.Stored != nil && from.Text == o.Case.Stored.Text && o.respelled() {
		return false
	}
	return o.Image != from.Text
}

// before is what a change is told from: what runs, or what a person or a new
// source asked for.
func (o *Outcome) before() intent.Image {
	switch o.Answer.Row {
	case intent.NewSource, intent.SourceUp:
		return o.Case.Submitted
	case intent.ByHand, intent.SourceDown:
		if o.Answer.Resolve {
			return o.Case.Submitted
		}
	}
	if o.Case.Stored == nil {
		return o.Case.Submitted
	}
	return *o.Case.Stored
}

// held tells of a hold, behind what else is told.
func (o *Outcome) held() string {
	if o.Hold.Tag == "" {
		return ""
	}
	held := o.Hold.Tag
	if o.Hold.Digest != "" {
		held += shortDigest(o.Hold.Digest)
	}
	return "; " + held + " is held"
}

// personal tells a person's command from a loop, whose log a warning with every
// turn would fill.
func personal(manager string) bool {
	return manager == "helm" || strings.HasPrefix(manager, "kubectl")
}

// staysBelow reports whether the stored image stays although a higher one was
// submitted.
func (o *Outcome) staysBelow() bool {
	if o.Case.Stored == nil || !o.Rule.Governed() || o.Moved {
		return false
	}
	order, ordered := o.Rule.Policy.Compare(o.Case.Submitted.Tag, o.Result.Tag)
	return ordered && order > 0
}

// staysAbove reports whether the stored image stays although a lower one was
// submitted.
func (o *Outcome) staysAbove() bool {
	if o.Case.Stored == nil || !o.Rule.Governed() || o.Moved {
		return false
	}
	order, ordered := o.Rule.Policy.Compare(o.Case.Submitted.Tag, o.Result.Tag)
	return ordered && order < 0
}

// change writes "example.com/app:1.2.0 -> 1.2.7".
func (o *Outcome) change(from intent.Image) string {
	if from.Repository != o.Answer.Image.Repository {
		return from.Text + " -> " + o.Image
	}
	name, _, _ := strings.Cut(from.Text, "@")
	if from.Digest != "" {
		name += shortDigest(from.Digest)
	}
	after := o.Result.Tag
	if o.Result.Digest != "" {
		after += shortDigest(o.Result.Digest)
	}
	return name + " -> " + after
}

// shortDigest keeps a warning readable: twelve digits, as in `docker images`.
func shortDigest(digest string) string {
	return "@" + printable.Digest(digest, 12)
}
