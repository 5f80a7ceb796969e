// Package intent tells what the writer of a request wants of one container:
// a new version, the same manifest again, or a way back. It is pure; the rows
// are those of the table in docs/how-it-works.md, and the first that fits
// decides.
package intent

import (
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// Image is one image reference, taken apart.
type Image struct {
	// Text is the reference as it is written.
	Text string
	// Repository is canonical; Tag is "latest" where none is written.
	Repository, Tag, Digest string
}

// Same reports whether two references name the same image, however they are
// spelled.
func (i Image) Same(other Image) bool {
	return i.Repository == other.Repository && i.Tag == other.Tag && i.Digest == other.Digest
}

// Result returns the image's tag and digest.
func (i Image) Result() record.Result { return record.Result{Tag: i.Tag, Digest: i.Digest} }

// is reports whether a result of the history is this image.
func (i Image) is(p record.Past) bool {
	result, ok := record.ParseResult(p.Result)
	return ok && p.Repository == i.Repository && result.Agrees(i.Result())
}

// Rules is the container's policy as far as the table asks for it.
type Rules interface {
	// Compare orders two tags; ordered is false where the policy knows no
	// order between them.
	Compare(a, b string) (c int, ordered bool)
	// Moves reports whether the policy lets a container move between two tags.
	Moves(from, to string) bool
	// ByDigest reports whether a container at the tag may move to another image
	// of the same tag.
	ByDigest(tag string) bool
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
	// the updater's word that it is open, and nobody else's.
	Gated bool
	// Pins is true where an answer carries a digest.
	Pins bool
	// Follows is true where a container follows the digest of its tag beside its policy.
	Follows bool
	// Unread is true where nobody can tell for now whether the container is
	// governed.
	Unread bool
	// ResolveOnChange is the setting resolveOn: change.
	ResolveOnChange bool

	Method Method
	// Manager is the request's field manager; empty where the writer names
	// none, as `kubectl rollout undo` does.
	Manager string

	// What Align has found.
	aligned bool
	// past are the results of State as they were stored, and home is the repository
	// that the manifest names.
	past []record.Past
	home string
	// bare is true where the submitted image is a bare digest.
	bare bool
	// anew is true where the stored image was rewritten in a way that the history does
	// not know.
	anew bool
	// unsure is true where the submitted image looks like the stored one, rewritten,
	// and may be a manifest's.
	unsure bool
}

// Row is a row of the table.
type Row int

// The rows, in the order in which they are tried, and the case of a create.
const (
	Reinvoked   Row = 0
	NotGoverned Row = 1
	NewSource   Row = 2
	Undo        Row = 3
	PastUs      Row = 4
	Unchanged   Row = 5
	ByHand      Row = 6
	SameAgain   Row = 7
	SourceUp    Row = 8
	SourceDown  Row = 9
	Created     Row = 10
	// CreateOnlyKind is the update of a Job or a bare Pod.
	CreateOnlyKind Row = 11
	// Rewritten is the stored version with another digest beside it, or none.
	Rewritten Row = 12
	// TakenBack is the updater's way back from a version that failed.
	TakenBack Row = 13
)

// Answer is what becomes of the container.
type Answer struct {
	Row Row
	// Image is the answer, or the base that it is resolved from.
	Image Image
	// Resolve is true where the registry is asked for something newer.
	Resolve bool
	// Source is F afterwards.
	Source string
	// Answers is the reference that the image answers, where that is another
	// than the source: what a person wrote.
	Answers string
	// Repository is the one that the history has the image under: the source's,
	// where other webhooks make another of it.
	Repository string
	// Last is true where Image is the last result of the history, whatever was
	// stored in its place.
	Last bool
	// Anew is true where another webhook has made something of that result which the
	// history does not know.
	Anew bool
	// Hold is the hold afterwards, before the registry is asked: Stands tells
	// what its answer leaves of it.
	Hold record.Result
	// Repair is true where a write that went past us is put right.
	Repair bool
	// Below is true where the answer goes below what is stored.
	Below bool
	// Gated is true where the row would have resolved, and the gate kept it from
	// that.
	Gated bool
}

// Decide returns the answer for a container: that of the first row that fits. A
// gate binds every writer: whatever the row, its base is then the answer, and only
// the updater's bump leads on from there.
func Decide(c Case) Answer {
	c = Align(c)
	shut := c.Gated && !c.Bumped
	if shut {
		c.SettingsChanged = false // none bears on an answer that is not resolved
	}
	answer := decide(c)
	if shut {
		answer.Resolve, answer.Gated = false, answer.Resolve
	}
	if answer.Repository == "" {
		answer.Repository = answer.Image.Repository
		if answer.Repository == c.Submitted.Repository {
			answer.Repository = c.home
		}
	}
	if last, ok := c.newest(); ok && c.Stored != nil && c.Stored.is(last) {
		answer.Last = answer.Last || answer.Image == *c.Stored
	}
	answer.Anew = answer.Last && (c.anew || c.Stored == nil || answer.Row == Rewritten)
	return answer
}

func decide(c Case) Answer {
	if c.Create {
		return create(c)
	}
	f := c.source()
	if reinvoked(c) {
		return Answer{Row: Reinvoked, Image: c.Submitted, Source: c.SubmittedState.From, Hold: c.Hold}
	}
	if last, ok := c.newest(); ok && c.unread(f, last) {
		return Answer{Row: SameAgain, Image: *c.Stored, Source: f.Text, Answers: last.From, Hold: c.Hold}
	}
	if c.Rules == nil && (!c.CreateOnly || c.Source == nil) {
		return Answer{Row: NotGoverned, Image: c.Submitted, Source: c.Submitted.Text, Hold: c.Hold, Below: c.belowAnyOrder()}
	}
	if c.CreateOnly {
		return createOnly(c, f)
	}
	if answer, ok := takenBack(c, f); ok {
		return answer
	}
	// An undo is asked for first: it may bring back another repository too.
	if undone(c) {
		return Answer{Row: Undo, Image: c.Submitted, Source: f.Text, Hold: c.leaves(c.stored(), c.submitted()), Below: c.below(c.Submitted, *c.Stored)}
	}
	if c.otherForm(f) {
		return Answer{Row: Rewritten, Image: c.Submitted, Resolve: !c.rewritten() && !c.ResolveOnChange, Source: f.Text, Hold: Stands(c.Rules, c.Hold, c.Submitted), Last: true}
	}
	if c.newSource(f) {
		answer := Answer{Row: NewSource, Image: c.Submitted, Resolve: true, Source: c.Submitted.Text}
		if c.Stored == nil { // a container that comes with a hold of its own
			answer.Hold = Stands(c.Rules, c.Hold, c.Submitted)
		}
		return answer
	}
	if c.Submitted.Same(*c.Stored) {
		return unchanged(c, f)
	}
	if imperative(c.Manager) {
		return byHand(c, f)
	}
	return declared(c, f)
}

func create(c Case) Answer {
	answer := Answer{Row: Created, Image: c.Submitted, Resolve: c.Rules != nil, Source: c.Submitted.Text, Hold: Stands(c.Rules, c.Hold, c.Submitted)}
	last, ok := c.SubmittedState.Last()
	switch {
	case !ok:
	case !c.bare && c.Submitted.is(last): // our own answer, seen again by reinvocation or in an exported manifest
		answer.Source, answer.Repository, answer.Last = c.SubmittedState.From, last.Repository, true
	case c.SubmittedRecord != nil && c.second() && c.Submitted.Tag == c.lastTag(): // rewritten
		answer.Source, answer.Repository, answer.Last = c.SubmittedState.From, last.Repository, true
		// An exported manifest is resolved, what another webhook has just made of our
		// answer is not: that is as new as it gets.
		answer.Resolve = answer.Resolve && last.Stored != "" && !c.bare
	}
	return answer
}

func createOnly(c Case, f Image) Answer {
	switch {
	case c.Stored == nil || !c.Submitted.Same(f) && !c.Submitted.Same(*c.Stored):
		return Answer{Row: CreateOnlyKind, Image: c.Submitted, Source: c.Submitted.Text, Hold: c.Hold}
	default:
		return Answer{Row: CreateOnlyKind, Image: *c.Stored, Source: f.Text, Hold: c.Hold}
	}
}

// source returns F. At first contact it is the image that was applied last;
// without one, what is stored, unless a declarative writer names an image
// that can have led there. A writer that gives no name is none: an undo does
// not.
func (c Case) source() Image {
	switch {
	case c.Source != nil:
		return *c.Source
	case c.Stored == nil:
		return c.Submitted
	case c.LastApplied != nil:
		return *c.LastApplied
	case c.Rules != nil && c.Manager != "" && !imperative(c.Manager) && c.moves(c.Submitted, *c.Stored):
		return c.Submitted
	default:
		return *c.Stored
	}
}
