package intent

import (
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// Stands returns what is left of a hold once a container is at an image: none
// where that is what is held, or past it.
func Stands(rules Rules, hold record.Result, at Image) record.Result {
	switch {
	case hold.Tag == "" || rules == nil:
		return hold
	case hold.Digest != "" && (rules.MayReplaceSameTag(at.Tag) || hold.Tag == at.Tag && at.Digest != ""):
		if hold.Digest == at.Digest {
			return record.Result{}
		}
		return hold
	}
	if order, ordered := rules.Compare(hold.Tag, at.Tag); ordered && order <= 0 {
		return record.Result{}
	}
	return hold
}

// Higher returns the hold that keeps back more. Of digests, which have no order,
// it is the first.
func Higher(rules Rules, a, b record.Result) record.Result {
	switch {
	case a.Tag == "":
		return b
	case b.Tag == "" || rules == nil:
		return a
	}
	if order, ordered := rules.Compare(a.Tag, b.Tag); ordered && order < 0 {
		return b
	}
	return a
}

// leaves returns the hold after a way back from one image to another: on what is
// left, where the policy leads there again. A hold on something higher stays: a
// second step back is no return to what the first one left.
func (c Case) leaves(left, to Image) record.Result {
	standing := Stands(c.Rules, c.Hold, to)
	if c.Rules == nil || !c.moves(to, left) {
		return standing
	}
	held := left.Result()
	if !c.Rules.MayReplaceSameTag(to.Tag) && (!c.Follows || left.Tag != to.Tag) {
		held.Digest = ""
	}
	return Higher(c.Rules, standing, held)
}

// known is an image with the digest that a record has of it.
func known(image Image, recorded *record.Result) Image {
	if recorded != nil {
		image.Digest = record.Result{Tag: image.Tag, Digest: image.Digest}.WithRecordedDigest(*recorded).Digest
	}
	return image
}

func (c Case) stored() Image    { return known(*c.Stored, c.Record) }
func (c Case) submitted() Image { return known(c.Submitted, c.SubmittedRecord) }
