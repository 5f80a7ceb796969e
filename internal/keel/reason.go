package keel

import "github.com/garboard-dev/garboard/resolver/policy"

// Reason says why Garboard answers otherwise than Keel. Callers decide on the constant;
// people read Text.
type Reason string

// Reasons to choose another tag than Keel out of the same list.
const (
	Alike                      Reason = ""
	LatestIsNoVersion          Reason = "LatestIsNoVersion"
	Variant                    Reason = "Variant"
	OtherLine                  Reason = "OtherLine"
	RevisionForm               Reason = "RevisionForm"
	RevisionMoves              Reason = "RevisionMoves"
	PreReleaseLeadsOn          Reason = "PreReleaseLeadsOn"
	ReleaseAboveItsPreReleases Reason = "ReleaseAboveItsPreReleases"
	TextOrder                  Reason = "TextOrder"
	NeverDown                  Reason = "NeverDown"
	NothingToGoBelow           Reason = "NothingToGoBelow"
	MoreVersions               Reason = "MoreTagsAreVersions"
	BuildDate                  Reason = "BuildDate"
	PolicyOfGarboard           Reason = "PolicyOfGarboard"
)

// reasons are the sentences of docs/keel.md, in its order.
var reasons = []struct {
	reason Reason
	text   string
}{
	{LatestIsNoVersion, "a tag that is no version stays under a level, where Keel moves from `latest` to any version at all"},
	{Variant, "the variant is kept: an image that was built on something else is no newer version of this one"},
	{OtherLine, "the number of parts is kept: `1.2` stays a tag that its publisher moves, and is not replaced by a full version"},
	{RevisionForm, "the form of the revision is kept, and what has one goes to no tag without"},
	{RevisionMoves, "a revision such as `-r1`, `-ls22` or `-990` is ordered as a number and moves, where Keel wants the suffix to be the same"},
	{PreReleaseLeadsOn, "a pre-release with a number leads to later ones and to its release, where Keel wants the suffix to be the same"},
	{ReleaseAboveItsPreReleases, "a release is above its own pre-releases, where Keel compares texts"},
	{TextOrder, "numbers are compared as numbers, where Keel compares texts, in which `9` is above `10`"},
	{NeverDown, "nothing moves down, where Keel takes the highest match whatever runs"},
	{NothingToGoBelow, "a tag that does not match the pattern has nothing to go below: the highest match is taken, whatever its text"},
	{MoreVersions, "more tags are versions: bare numbers, four parts, `_N`, and dates with hyphens"},
	{BuildDate, "what was built last is taken, and of equal dates the own line, where Keel takes the highest version or the first tag that the registry lists"},
	{PolicyOfGarboard, "the policy is one of Garboard's own, or in a spelling that Keel does not know, and Keel moves nothing by it"},
}

// Reasons are all reasons to choose another tag, in the order of the documentation.
func Reasons() []Reason {
	all := make([]Reason, 0, len(reasons))
	for _, r := range reasons {
		all = append(all, r.reason)
	}
	return all
}

// Text is the reason as a clause for people.
func (r Reason) Text() string {
	for _, known := range reasons {
		if known.reason == r {
			return known.text
		}
	}
	return string(r)
}

// Choice is Garboard's answer beside Keel's.
type Choice struct {
	Policy  *policy.Policy
	Tags    *policy.Index
	Current string
	// Ours and Keels are the tags that both run afterwards; Why is why ours was
	// chosen.
	Ours, Keels string
	Why         policy.Reason
	// Keel is the rule that Keel goes by.
	Keel Rule
}

// Reason says why the answers differ, by what Garboard's policy says of both tags. ok is
// false where it says nothing of the kind.
func (c Choice) Reason() (reason Reason, ok bool) {
	switch {
	case c.Ours == c.Keels:
		return Alike, true
	case !c.Keel.Moves():
		return PolicyOfGarboard, true
	case c.Why == policy.StayNotAVersion, c.Why == policy.StayUnreadVersion:
		return LatestIsNoVersion, true
	case c.Keels == c.Current:
		reason = c.stayed()
	default:
		reason = c.rejected()
	}
	return reason, reason != Alike
}

// stayed is why Garboard moves what Keel leaves.
func (c Choice) stayed() Reason {
	_, known := parseVersion(c.Current)
	_, read := parseVersion(c.Ours)
	switch {
	case c.Why == policy.NewerRevision:
		return RevisionMoves
	case c.Why == policy.NewerRelease, c.Why == policy.NewerPreRelease:
		return PreReleaseLeadsOn
	case c.Why == policy.IntoPattern:
		return NothingToGoBelow
	case c.Why == policy.NewerMatch:
		return TextOrder
	case c.Policy.ByDate(c.Current):
		return BuildDate
	case c.level() && (!known || !read || !hasDot(c.Ours)):
		return MoreVersions
	case c.level() && preOf(c.Current) != preOf(c.Ours):
		// The suffix has a number that went with the version.
		return RevisionMoves
	}
	return Alike
}

// rejected is what Garboard's policy says of the tag that Keel takes.
func (c Choice) rejected() Reason {
	verdict := policy.Reason("")
	for _, v := range c.Policy.Explain(c.Tags, c.Current) {
		if v.Tag == c.Keels {
			verdict = v.Reason
		}
	}
	switch verdict {
	case policy.RejectOtherVariant:
		return Variant
	case policy.RejectOtherLine, policy.RejectOtherDates:
		return OtherLine
	case policy.RejectOtherRevision:
		return RevisionForm
	}
	if c.Policy.ByDate(c.Current) {
		return BuildDate
	}
	return c.order()
}

// order is why another of two tags that both may choose is the higher one.
func (c Choice) order() Reason {
	theirs, read := parseVersion(c.Keels)
	for _, tag := range []string{c.Ours, c.Current} {
		ours, ok := parseVersion(tag)
		if read && ok && ours.numbers == theirs.numbers && ours.pre == "" && theirs.pre != "" {
			return ReleaseAboveItsPreReleases
		}
	}
	if c.Ours < c.Keels || c.level() {
		return TextOrder
	}
	if below, ordered := c.Policy.Compare(c.Keels, c.Current); ordered && below < 0 {
		return NeverDown
	}
	return Alike
}

func (c Choice) level() bool {
	switch c.Policy.Kind() {
	case "all", "major", "minor", "patch":
		return true
	default:
		return false
	}
}
