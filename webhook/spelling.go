package webhook

import (
	"github.com/garboard-dev/garboard/webhook/intent"
)

// respelled is true where the image stays the stored one and is written under the
// repository that the writer names: another webhook has put the stored one there, and
// does so again. If it does not, the Pods roll as they would without Garboard.
func (o *Outcome) respelled() bool {
	return o.Case.Stored != nil && o.Rule.Governed() && o.unmoved() && o.Answer.Image.Same(*o.Case.Stored)
}

// unmoved is true where the answer's base is the answer.
func (o *Outcome) unmoved() bool { return o.final().Same(o.Answer.Image) }

// final is the image of the answer.
func (o *Outcome) final() intent.Image {
	final := o.Answer.Image
	if o.Answer.Resolve && o.Err == nil {
		final.Tag, final.Digest = o.Result.Tag, o.Result.Digest
	}
	if !o.pins() && o.Answer.Image.Digest == "" {
		final.Digest = ""
	}
	return final
}

// text writes the final reference in the spelling that is already there: the
// stored one where the image stays, so that a template stays equal to itself.
func (o *Outcome) text() string {
	final := o.final()
	switch {
	case o.invalid != nil, o.Answer.Row == intent.NotGoverned:
		return o.Case.Submitted.Text
	case o.Case.Stored != nil && final.Same(*o.Case.Stored):
		return o.storedText()
	case final.Same(o.Case.Submitted):
		return o.Case.Submitted.Text
	}
	spelled := o.Case.Submitted
	if o.Case.Stored != nil && o.Case.Submitted.Repository != final.Repository {
		spelled = *o.Case.Stored
	}
	if spelled.Written.Name == "" { // it is no reference
		return spelled.Text
	}
	return spelled.Written.With(final.Tag, final.Digest)
}

// storedText is the stored image under the repository that the writer names. What the
// stored repository is, is another webhook's to say: who has written past it, or made
// up a history, does not have it kept by that.
func (o *Outcome) storedText() string {
	stored, named := o.Case.Stored.Written, o.Case.Submitted.Written
	if stored.Name == "" || named.Name == "" || o.Answer.Row == intent.CreateOnlyKind ||
		stored.Repository == named.Repository || o.Case.Stored.Repository != named.Repository {
		return o.Case.Stored.Text
	}
	return named.With(stored.Tag, stored.Digest)
}
