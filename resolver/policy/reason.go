package policy

// Reason says why a tag was chosen, why the current one stays, or why a tag was
// rejected. Callers decide on the constant; people read Text.
type Reason string

// Reasons to move.
const (
	NewerPatch      Reason = "NewerPatch"
	NewerMinor      Reason = "NewerMinor"
	NewerMajor      Reason = "NewerMajor"
	NewerPreRelease Reason = "NewerPreRelease"
	NewerRelease    Reason = "NewerRelease" // of the x.y.z whose pre-release is the current tag
	NewerRevision   Reason = "NewerRevision"
	NewerVariant    Reason = "NewerVariant" // of those that the setting variant counts as one
	IntoRange       Reason = "IntoRange"    // from outside, or from no tag at all
	NewerMatch      Reason = "NewerMatch"
	IntoPattern     Reason = "IntoPattern" // from no match, or from no tag at all
	SameTag         Reason = "SameTag"     // the tag stays, its digest is followed
	BuiltLater      Reason = "BuiltLater"
)

// Reasons to stay.
const (
	StayNewest        Reason = "StayNewest"
	StayOtherLines    Reason = "OtherLines" // nothing newer in the line; other lines have higher versions
	StayExactPattern  Reason = "StayExactPattern"
	StayOutOfTime     Reason = "StayOutOfTime"
	StayNever         Reason = "StayNever"
	StayNotAVersion   Reason = "StayNotAVersion"
	StayUnreadVersion Reason = "StayUnreadVersion" // no version tag, and it names more than one
	StayFiltered      Reason = "StayFiltered"
	StayNoCurrent     Reason = "StayNoCurrent"
	StayNoCandidate   Reason = "StayNoCandidate"
	StayNotInList     Reason = "StayNotInList"
	StayNeedsRegistry Reason = "StayNeedsRegistry"
	StayNoDate        Reason = "StayNoDate"
)

// Reasons to reject a tag that is not chosen.
const (
	RejectNotATag       Reason = "RejectNotATag" // outside the tag grammar; an index holds none
	RejectNotAnImage    Reason = "RejectNotAnImage"
	RejectExcluded      Reason = "RejectExcluded"
	RejectFiltered      Reason = "RejectFiltered"
	RejectNotAVersion   Reason = "RejectNotAVersion"
	RejectNoOrder       Reason = "RejectNoOrder"
	RejectOtherLine     Reason = "RejectOtherLine"
	RejectOtherVariant  Reason = "RejectOtherVariant"
	RejectOtherRevision Reason = "RejectOtherRevision"
	RejectOtherChannel  Reason = "RejectOtherChannel"
	RejectOtherDates    Reason = "RejectOtherDates"
	RejectOtherMajor    Reason = "RejectOtherMajor"
	RejectOtherMinor    Reason = "RejectOtherMinor"
	RejectPreRelease    Reason = "RejectPreRelease"
	RejectNotHigher     Reason = "RejectNotHigher"
	RejectOutsideRange  Reason = "RejectOutsideRange"
	RejectNoMatch       Reason = "RejectNoMatch"
	RejectOtherTag      Reason = "RejectOtherTag"
	RejectNever         Reason = "RejectNever"
	RejectCurrent       Reason = "RejectCurrent"
	RejectNotHighest    Reason = "RejectNotHighest"
	RejectNotLatest     Reason = "RejectNotLatest"
	RejectSameVersion   Reason = "RejectSameVersion" // the tie goes to the chosen one
)

// NothingNewer reports a tag that stays since there is nothing newer in its
// line, whatever there is in others.
func (r Reason) NothingNewer() bool {
	return r == StayNewest || r == StayOtherLines || r == StayExactPattern
}

// Text returns the reason as a clause for people, such as "newer minor
// release". A reason that this package does not know is its own text.
func (r Reason) Text() string {
	for _, text := range []func(Reason) string{moveText, stayText, rejectText} {
		if s := text(r); s != "" {
			return s
		}
	}
	return string(r)
}

func moveText(r Reason) string {
	switch r {
	case NewerPatch:
		return "newer patch release"
	case NewerMinor:
		return "newer minor release"
	case NewerMajor:
		return "newer major release"
	case NewerPreRelease:
		return "newer pre-release"
	case NewerRelease:
		return "release of the current pre-release"
	case NewerRevision:
		return "newer revision"
	case NewerVariant:
		return "newer variant"
	case IntoRange:
		return "highest in the range"
	case NewerMatch:
		return "higher match"
	case IntoPattern:
		return "highest match"
	case SameTag:
		return "same tag, followed by its digest"
	case BuiltLater:
		return "built last"
	}
	return ""
}

func stayText(r Reason) string {
	switch r {
	case StayNewest:
		return "nothing newer that the policy allows"
	case StayOtherLines:
		return "nothing newer in its line, but in others"
	case StayOutOfTime:
		return "no time to match so many tags with the regular expression; shorten it, or narrow the tags by a simpler policy"
	case StayExactPattern:
		return "the pattern matches this tag alone; use force to follow its digest"
	case StayNever:
		return "policy never"
	case StayNotAVersion:
		return "not a version tag; use semver:, force or newest"
	case StayUnreadVersion:
		return "not a version tag; use filter and extract, glob:, regexp:, force or newest"
	case StayFiltered:
		return "the filter extracts nothing from the current tag; widen it, or use semver:"
	case StayNoCurrent:
		return "no current tag to be higher than; only semver:, glob: and regexp: do without"
	case StayNoCandidate:
		return "no tag that the policy allows"
	case StayNotInList:
		return "current tag is not in the list"
	case StayNeedsRegistry:
		return "newest, and force without matchTag, need the registry's build dates"
	case StayNoDate:
		return "no image has a usable build date"
	}
	return ""
}

func rejectText(r Reason) string {
	switch r {
	case RejectNotATag:
		return "not a tag"
	case RejectNotAnImage:
		return "signature, attestation or SBOM"
	case RejectExcluded:
		return "excluded"
	case RejectFiltered:
		return "not matched by the filter"
	case RejectNotAVersion:
		return "not a version"
	case RejectNoOrder:
		return "no order with the current tag"
	case RejectOtherLine:
		return "other number of parts"
	case RejectOtherVariant:
		return "other variant"
	case RejectOtherRevision:
		return "other form of revision"
	case RejectOtherChannel:
		return "other channel"
	case RejectOtherDates:
		return "other kind of date, or none"
	case RejectOtherMajor:
		return "other major version"
	case RejectOtherMinor:
		return "other minor version"
	case RejectPreRelease:
		return "pre-release"
	case RejectNotHigher:
		return "not higher than the current tag"
	case RejectOutsideRange:
		return "outside the range"
	case RejectNoMatch:
		return "no match"
	case RejectOtherTag:
		return "other tag"
	case RejectNever:
		return "policy never"
	case RejectCurrent:
		return "current tag"
	case RejectNotHighest:
		return "lower than the chosen tag"
	case RejectNotLatest:
		return "not built later than the chosen tag, or of no known date"
	case RejectSameVersion:
		return "same version as the chosen tag"
	}
	return ""
}
