// Package intent tells what the writer of a request wants of one container:
// a new version, the same manifest again, or a way back. It is pure; the rows
// are those of the table in docs/how-it-works.md, and the first that fits
// decides.
package intent

import (
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// Image is one image of a container.
type Image struct {
	// Text is the reference as it is written, and Written what it says; a text that is
	// no reference has the zero value.
	Text    string
	Written resolver.Reference
	// Repository is the one that is meant: Align puts the writer's in the place of
	// another webhook's. Tag is "latest" if none is written beside no digest.
	Repository  resolver.Repository
	Tag, Digest string
}

// ImageOf takes a reference apart. The error is that of resolver.ParseReference.
func ImageOf(text string) (Image, error) {
	written, err := resolver.ParseReference(text)
	if err != nil {
		return Image{Text: text}, err
	}
	named := record.Named(written)
	return Image{Text: text, Written: written, Repository: written.Repository, Tag: named.Tag, Digest: named.Digest}, nil
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
	return ok && p.Repository == i.Repository.String() && result.Agrees(i.Result())
}

// Row is a row of the table.
type Row int

// The rows, in the order in which they are tried, and the case of a create.
const (
	Reinvoked   Row = 0
	NotGoverned Row = 1
	NewSource   Row = 2
	Undo        Row = 3
	Bypassed    Row = 4
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
		answer.Repository = answer.Image.Repository.String()
		if answer.Image.Repository == c.Submitted.Repository {
			answer.Repository = c.home.String()
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
		return decideCreate(c)
	}
	f := c.source()
	if isReinvocation(c) {
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
	if isUndo(c) {
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
		return decideUnchanged(c, f)
	}
	if c.byHand() {
		return decideByHand(c, f)
	}
	return decideDeclared(c, f)
}

func decideCreate(c Case) Answer {
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
	case c.Rules != nil && c.Manager != "" && !c.byHand() && c.moves(c.Submitted, *c.Stored):
		return c.Submitted
	default:
		return *c.Stored
	}
}
