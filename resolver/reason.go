package resolver

import "github.com/garboard-dev/garboard/resolver/policy"

// Reasons that the resolver adds to those of the policy.
const (
	// PinnedDigest: the tag stays and gets the digest that it lacked.
	PinnedDigest policy.Reason = "PinnedDigest"
	// PinnedBuild is the same under a policy that goes by date: what runs was
	// built last, whatever else was looked at.
	PinnedBuild policy.Reason = "PinnedBuild"
	// StayRegistryUnavailable: nothing is known, and the registry could not be
	// asked in time.
	StayRegistryUnavailable policy.Reason = "StayRegistryUnavailable"
	// StayNotInList: the list lacks the tag that the resolution starts from.
	StayNotInList = policy.StayNotInList
	// StayEmptyList: the list has no tags.
	StayEmptyList policy.Reason = "StayEmptyList"
	// StayNoDigest: a tag was chosen whose digest could not be had.
	StayNoDigest policy.Reason = "StayNoDigest"
	// StayNoDate: the policy goes by build date, and there is none to go by.
	StayNoDate = policy.StayNoDate
	// StayHeld: there is a newer tag, and it is held.
	StayHeld policy.Reason = "StayHeld"
	// StayNoPlatform: there are candidates, and none of them is known to be
	// built for all platforms of the workload.
	StayNoPlatform policy.Reason = "StayNoPlatform"
	// StayTooYoung: there are candidates, and none of them is known to be as old as
	// was asked for.
	StayTooYoung policy.Reason = "StayTooYoung"
	// StayNotSoaked: there are candidates, and none of them has run for long enough
	// where it has to run first.
	StayNotSoaked policy.Reason = "StayNotSoaked"
	// StayTooCostly: the regular expressions have too many steps for so many tags.
	StayTooCostly policy.Reason = "StayTooCostly"
	// StayOtherDigest: the tag that was asked for has another image behind it by
	// now. Who asks for one digest alone says so.
	StayOtherDigest policy.Reason = "StayOtherDigest"
)

// Warnings that a resolution may carry.
const (
	WarningLacksTag    = "registry list lacks the running tag"
	WarningMissingTag  = "registry does not list the tag; resolved from the tags that it lists"
	WarningLackedTwice = "registry list lacks the running tag, seen twice; resolved from the list"
	WarningEmptyList   = "registry list has no tags"
	WarningSuspectList = "registry list lost half its tags; not believed until seen twice"
	WarningNotAllDated = "some build dates could not be read"
)

// Text is the reason as a clause for people; it knows the resolver's own and
// the policy's.
func Text(reason policy.Reason) string {
	switch reason {
	case PinnedDigest, PinnedBuild:
		return "newest already, pinned to its digest"
	case StayRegistryUnavailable:
		return "registry could not be asked, and nothing is known of it"
	case StayNotInList:
		return WarningLacksTag
	case StayEmptyList:
		return WarningEmptyList
	case StayNoDigest:
		return "digest of the chosen tag could not be read"
	case StayHeld:
		return "newer tags are held"
	case StayOtherDigest:
		return "the tag has another digest by now than the one that was asked for"
	case StayTooCostly:
		return "the regular expressions have too many steps for so many tags; shorten them"
	case StayTooYoung:
		return "no newer tag is known to be as old as minAge asks for"
	case StayNotSoaked:
		return "no newer tag has run for long enough where it has to run first"
	case StayNoPlatform:
		return "no newer tag is known to be built for every platform that the Pods may run on"
	default:
		return reason.Text()
	}
}
