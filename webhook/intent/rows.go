package intent

import (
	"slices"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// isUndo recognises `kubectl rollout undo`: a template of the past comes back,
// with the record that it had, or without one in a PATCH that no other client
// sends.
func isUndo(c Case) bool {
	if c.Stored == nil {
		return false
	}
	if c.Method == Patch && (c.RecordDropped || c.nameless()) {
		return c.below(c.Submitted, *c.Stored) || c.Hold.Tag == c.Submitted.Tag
	}
	if c.Method == Put || c.RecordCarried || c.SubmittedRecord == nil {
		return false
	}
	if c.Record != nil && *c.Record == *c.SubmittedRecord || !c.Submitted.Result().Agrees(*c.SubmittedRecord) {
		return false
	}
	// The image carries the record's digest here, so that results that differ
	// by their digest alone are told apart.
	brought := c.Submitted
	brought.Digest = c.SubmittedRecord.Digest
	// If the image has fallen out of the history, a lower version still proves an undo;
	// for a higher one, the missing field manager does. Treating it as a new source would
	// make the next apply of the manifest look like a downgrade.
	return c.earlier(brought) || c.below(c.Submitted, *c.Stored) || c.Manager == ""
}

// nameless is the undo of a template that we have never moved: nothing of ours
// tells it, but that it gives no field manager, as appliers and people's other
// commands do.
func (c Case) nameless() bool {
	return c.Manager == "" && c.Record == nil && c.SubmittedRecord == nil
}

// earlier reports whether an image is a result before the last one. By its
// place, not by its version: what was undone may be undone again.
func (c Case) earlier(image Image) bool {
	n := len(c.past)
	return n > 1 && slices.ContainsFunc(c.past[:n-1], image.is)
}

// otherForm reports whether the stored version is submitted with another digest beside
// it, as webhooks that pin do, and the manifest itself pins none.
func (c Case) otherForm(f Image) bool {
	last, ok := c.newest()
	known := ok && c.Stored != nil && c.Stored.is(last) && c.Named == nil
	if c.Stored == nil || !known && !c.rewritten() || !c.SubmittedState.Equal(c.State) ||
		c.Submitted.Repository != c.Stored.Repository || c.Submitted.Tag != c.Stored.Tag ||
		c.Submitted.Digest == c.Stored.Digest || c.Submitted.Digest == "" || f.Digest != "" || c.byHand() {
		return false
	}
	return true
}

// newSource is row 2: nothing that is stored bears on the answer.
func (c Case) newSource(f Image) bool {
	if c.Stored == nil || c.Submitted.Repository != c.Stored.Repository {
		return true
	}
	if c.Submitted.Same(*c.Stored) || c.Submitted.Same(f) {
		return false
	}
	return !c.ordered(c.Submitted, f) || c.otherDigest(f)
}

// otherDigest reports a manifest that names another digest of the same tag.
// There is no order between the two, and no way from the one to the other.
func (c Case) otherDigest(f Image) bool {
	return !c.byHand() && c.Submitted.Tag == f.Tag && c.Submitted.Digest != f.Digest &&
		c.Submitted.Digest != "" && f.Digest != ""
}

// decideUnchanged is rows 4 and 5: the image is submitted as it is stored.
//
// A manifest that names what runs is the source from then on: it is applied again
// when the image has moved on, and is then the same manifest again and no way down.
// One of another repository is none: an earlier webhook has rewritten it, and the
// next request shows that again.
func decideUnchanged(c Case, f Image) Answer {
	named := c.Applied != nil && !c.Applied.Same(f) && (c.Applied.Same(c.Submitted) || c.ordered(*c.Applied, c.Submitted))
	if named {
		f = *c.Applied
	}
	if c.bypassed() {
		if c.Record != nil && c.Record.Agrees(c.Stored.Result()) && c.earlier(*c.Stored) {
			return Answer{Row: Bypassed, Image: *c.Stored, Resolve: c.Bumped, Source: f.Text, Hold: c.leaves(c.last(), c.stored())}
		}
		base := c.repairBase()
		return Answer{Row: Bypassed, Image: base, Resolve: true, Source: f.Text, Hold: Stands(c.Rules, c.Hold, base), Repair: true}
	}
	answer := Answer{
		Row: Unchanged, Image: *c.Stored, Resolve: c.Bumped || c.SettingsChanged || c.unsure && !c.ResolveOnChange, Source: f.Text,
		Hold: Stands(c.Rules, c.Hold, c.stored()),
	}
	if last, ok := c.newest(); ok && !answer.Resolve && !named {
		answer.Answers = last.From
	}
	return answer
}

// unread reports whether an answer of ours is to stay although no policy is known:
// the same manifest again, or one that leaves the image, is no request to go back.
func (c Case) unread(f Image, last record.Past) bool {
	return c.PolicyUnknown && c.Rules == nil && !c.CreateOnly && c.Stored != nil && c.Stored.is(last) &&
		(c.Submitted.Same(f) || c.Submitted.Same(*c.Stored))
}

// last is the newest result of the history. Its repository is the zero value unless it is
// the stored one: no way leads from one to another.
func (c Case) last() Image {
	past, _ := c.newest()
	result, _ := record.ParseResult(past.Result)
	last := Image{Tag: result.Tag, Digest: result.Digest}
	if past.Repository == c.Stored.Repository.String() {
		last.Repository = c.Stored.Repository
	}
	return last
}

// bypassed reports whether the stored image was written while the webhook was bypassed:
// the state ends with another result. The record is asked where no state is left; with a
// state it may be older, since a record is only changed together with an
// image.
func (c Case) bypassed() bool {
	if last, ok := c.newest(); ok {
		result, _ := record.ParseResult(last.Result)
		return !c.Stored.is(last) || c.Pins && c.Stored.Digest == "" && result.Digest != ""
	}
	return c.Record != nil && !c.Record.Agrees(c.Stored.Result())
}

// repairBase is the higher of the stored image and the record, where the
// policy leads from the one to the other.
func (c Case) repairBase() Image {
	if c.Record == nil {
		return *c.Stored
	}
	recorded := *c.Stored
	recorded.Tag, recorded.Digest, recorded.Text = c.Record.Tag, c.Record.Digest, ""
	if recorded.Tag != c.Stored.Tag && c.moves(*c.Stored, recorded) {
		return recorded
	}
	return *c.Stored
}

// decideByHand is row 6: a person goes down, and is obeyed, or goes up.
func decideByHand(c Case, f Image) Answer {
	if last, ok := c.newest(); ok && last.From == c.Submitted.Text && last.From != f.Text && c.Stored.is(last) {
		// The same command again, as a pipeline that is run again sends it.
		return Answer{
			Row: ByHand, Image: *c.Stored, Resolve: !c.ResolveOnChange, Source: f.Text, Answers: c.Submitted.Text,
			Hold: Stands(c.Rules, c.Hold, c.stored()),
		}
	}
	order, ordered := c.Rules.Compare(c.Submitted.Tag, c.Stored.Tag)
	down := ordered && (order < 0 || order == 0 && c.Submitted.Digest != "")
	answer := Answer{
		Row: ByHand, Image: c.Submitted, Resolve: !down, Source: f.Text, Answers: c.Submitted.Text,
		Hold: Stands(c.Rules, c.Hold, c.Submitted), Below: down && order < 0,
	}
	if down {
		answer.Hold = c.leaves(c.stored(), c.Submitted)
	}
	return answer
}

// decideDeclared is rows 7 to 9: a manifest is applied.
func decideDeclared(c Case, f Image) Answer {
	base := c.Submitted
	linked := c.moves(c.Submitted, *c.Stored)
	if linked {
		base = *c.Stored
	}
	again := Answer{Row: SameAgain, Image: base, Resolve: !c.ResolveOnChange, Source: f.Text, Hold: Stands(c.Rules, c.Hold, base)}
	if c.Submitted.Same(f) {
		// What was left is not brought back by the manifest that names it.
		if hold := Stands(c.Rules, c.Hold, c.stored()); hold.Tag != "" && c.below(*c.Stored, c.Submitted) {
			again.Image, again.Hold = *c.Stored, hold
		}
		return again
	}
	if order, _ := c.Rules.Compare(c.Submitted.Tag, f.Tag); order >= 0 {
		return Answer{Row: SourceUp, Image: base, Resolve: true, Source: c.Submitted.Text, Hold: again.Hold}
	}
	again.Row, again.Source = SourceDown, c.Submitted.Text
	switch {
	case !linked:
		again.Resolve = true
		return again
	case c.answered(), c.Reapplied:
		return again
	default:
		return Answer{Row: SourceDown, Image: c.Submitted, Source: c.Submitted.Text, Hold: c.leaves(c.stored(), c.Submitted), Below: true}
	}
}

// answered reports whether the stored image was the answer to the submitted
// source before.
func (c Case) answered() bool {
	for _, past := range c.past {
		if past.From == c.Submitted.Text && c.Stored.is(past) {
			return true
		}
	}
	return false
}

func (c Case) moves(from, to Image) bool {
	return from.Repository == to.Repository && c.Rules.Moves(from.Tag, to.Tag)
}

// belowAnyOrder compares as plain versions, where no policy is left to ask.
func (c Case) belowAnyOrder() bool {
	if c.Stored == nil || c.Versions == nil || c.Submitted.Repository != c.Stored.Repository {
		return false
	}
	order, ordered := c.Versions.Compare(c.Submitted.Tag, c.Stored.Tag)
	return ordered && order < 0
}

func (c Case) ordered(a, b Image) bool {
	_, ordered := c.Rules.Compare(a.Tag, b.Tag)
	return ordered && a.Repository == b.Repository
}

func (c Case) below(a, b Image) bool {
	if c.Rules == nil || a.Repository != b.Repository {
		return false
	}
	order, ordered := c.Rules.Compare(a.Tag, b.Tag)
	return ordered && order < 0
}

// byHand tells a person's request from an applier's: a hint of intent, and no more. kubectl's
// commands say it by their field manager. Programs with a screen give none: k9s, the browsers of
// those who use a console, and the pages of Argo CD and Kubernetes Dashboard.
func (c Case) byHand() bool {
	switch c.Manager {
	case "kubectl-set", "kubectl-edit", "kubectl-patch":
		return true
	case "":
		return slices.Contains([]string{"k9s", "Mozilla", "argocd-server", "dashboard-api"}, c.Program)
	default:
		return false
	}
}
