package intent

import (
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// isReinvocation recognises our own output, whatever other webhooks have made of its image
// meanwhile: the submitted state is the stored one plus exactly the submitted record.
func isReinvocation(c Case) bool {
	if c.SubmittedState.From != "" && c.SubmittedState.Equal(c.State) {
		return c.repaired()
	}
	return c.second()
}

// repaired recognises our own output after a repair, which has nothing to add
// to the state: the image is the last result again, and not what is stored.
func (c Case) repaired() bool {
	last, ok := c.newest()
	if !ok || c.Stored == nil || c.SubmittedRecord == nil || c.Submitted.Same(*c.Stored) || c.dropsDigest() {
		return false
	}
	return c.Submitted.is(last) && c.Submitted.Result().Agrees(*c.SubmittedRecord)
}

// dropsDigest tells a manifest that is applied again from our output: it names
// the tag without the digest that is stored behind it. A digest of another tag, or of none
// that is known, is not what it names.
func (c Case) dropsDigest() bool {
	return c.Submitted.Digest == "" && c.Stored.Digest != "" && c.Submitted.Tag == c.Stored.Tag
}

// second reports whether the request's first round is seen again: the submitted state
// is the stored one and exactly one answer, which the submitted record has. What was
// made of its image since does not matter.
func (c Case) second() bool {
	last, ok := c.SubmittedState.Last()
	result, read := record.ParseResult(last.Result)
	if !ok || !read || c.SubmittedState.From == "" || c.SubmittedState.Equal(c.State) {
		return false
	}
	if c.SubmittedRecord != nil {
		ok = result.Agrees(*c.SubmittedRecord)
	} else { // it stays as it was before Garboard
		ok = c.Submitted.Tag == "" || c.Submitted.Tag == result.Tag
	}
	if !ok || c.altered(last) {
		return false
	}
	return c.SubmittedState.Equal(c.State.With(c.SubmittedState.From, last, c.Found))
}

// altered reports whether a writer has changed what the stored state says another webhook
// made of the last answer. A round of ours that gives that answer again either leaves it
// out or has the submitted image there.
func (c Case) altered(last record.Past) bool {
	before, ok := c.State.Last()
	if !ok || last.Stored == "" || c.storedAs(last) {
		return false
	}
	before.Stored = last.Stored
	return before == last
}

// storedAs reports whether an answer was stored as the submitted image.
func (c Case) storedAs(p record.Past) bool {
	repository, stored, ok := p.StoredAs()
	return ok && repository == c.Submitted.Repository.String() && stored.Digest == c.Submitted.Digest &&
		(c.bare || stored.Tag == c.Submitted.Tag)
}

// lastTag is the tag of the submitted state's last answer.
func (c Case) lastTag() string {
	last, _ := c.SubmittedState.Last()
	result, _ := record.ParseResult(last.Result)
	return result.Tag
}
