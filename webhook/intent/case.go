package intent

import (
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// Rules is the container's policy as far as the table asks for it.
type Rules interface {
	// Compare orders two tags; ordered is false where the policy knows no
	// order between them.
	Compare(a, b string) (c int, ordered bool)
	// Moves reports whether the policy lets a container move between two tags.
	Moves(from, to string) bool
	// MayReplaceSameTag reports whether a container at the tag may move to another image
	// of the same tag.
	MayReplaceSameTag(tag string) bool
}

// Method is how a request writes.
type Method int

// The methods of an update.
const (
	Patch Method = iota
	Put
)

// Case is one container of one request.
type Case struct {
	// Create is true for a CREATE; all fields about what is stored are then
	// empty.
	Create bool
	// CreateOnly is true for the kinds that are resolved at create alone.
	CreateOnly bool
	// Rules is nil where the container is not governed.
	Rules Rules
	// Versions orders plain versions, for containers without Rules.
	Versions Rules

	// Submitted is S, Stored is O; Stored is nil for a container that is new.
	Submitted Image
	Stored    *Image
	// Source is F, nil at first contact; LastApplied is the image of the
	// stored last-applied configuration, if there is one.
	Source      *Image
	LastApplied *Image

	// Applied is the image that the writer's own manifest names, where the
	// submitted image is as it is stored, so that only the manifest tells; nil
	// where the request does not show a manifest.
	Applied *Image
	// Named is the image that the submitted last-applied configuration names, nil
	// where the writer keeps none. Untouched is true where the managed fields tell
	// that the writer has not written the image. Both are asked for where another
	// webhook may have rewritten it.
	Named     *Image
	Untouched bool
	// Reapplied is true where kubectl applies the manifest that it applied last: it has not
	// gone down, whatever others have made of the source since.
	Reapplied bool
	// Applies is true where the submitted image is known to be the manifest's own, as a
	// PUT shows in its first round. A server-side apply looks alike in both.
	Applies bool

	// Found is what is stored in place of the last answer, as State keeps it; empty where
	// that is stored itself, or the state has it.
	Found string
	// State and SubmittedState are what the stored and the submitted object
	// remember of the container.
	State, SubmittedState record.ContainerState
	// Record and SubmittedRecord are the entries of the pod templates'
	// records, nil where there is none.
	Record, SubmittedRecord *record.Result
	// RecordDropped is true where the stored template has a record and the
	// submitted one has none; RecordCarried where the manifest itself names
	// one, which says nothing about what the writer wants.
	RecordDropped, RecordCarried bool

	// Hold is the version that was left before and is not gone back to; the
	// zero value is none.
	Hold record.Result

	// Back is the result that the updater takes the container back to; nil where it
	// does not.
	Back *record.Result
	// Bumped is true where the request bumps the container, SettingsChanged
	// where it changes a setting that bears on the answer.
	Bumped, SettingsChanged bool
	// Gated is true where a gate stands before the container's moves: Bumped is then
	// the updater's word that it is open, and no other writer's.
	Gated bool
	// Pins is true where an answer carries a digest.
	Pins bool
	// Follows is true where a container follows the digest of its tag beside its policy.
	Follows bool
	// PolicyUnknown is true if it is not known for now whether the container is governed.
	PolicyUnknown bool
	// ResolveOnChange is the setting resolveOn: change.
	ResolveOnChange bool

	Method Method
	// Manager is the request's field manager; empty where the writer names
	// none, as `kubectl rollout undo` does. Program is then who has written the image by the
	// managed fields, from its User-Agent; empty where they do not tell, and for a PUT of a
	// manifest.
	Manager, Program string

	// What Align has found.
	aligned bool
	// past are the results of State as they were stored, and home is the repository
	// that the manifest names.
	past []record.Past
	home resolver.Repository
	// bare is true where the submitted image is a bare digest.
	bare bool
	// anew is true where the stored image was rewritten in a way that the history does
	// not know.
	anew bool
	// unsure is true where the submitted image looks like the stored one, rewritten,
	// and may be a manifest's.
	unsure bool
}
