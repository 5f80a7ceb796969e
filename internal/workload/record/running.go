package record

import "github.com/garboard-dev/garboard/resolver"

// Running is what a container runs, by its image and its record.
func Running(image resolver.Reference, recorded Result) Result {
	return Named(WithRecordedTag(image, recorded)).WithRecordedDigest(recorded)
}

// Named is what an image names by itself: its digest alone if it has one and no tag, and
// latest if it has neither.
func Named(image resolver.Reference) Result {
	if image.Digest == "" {
		return Result{Tag: image.TagOrLatest()}
	}
	return Result{Tag: image.Tag, Digest: image.Digest}
}

// WithRecordedTag gives a bare digest the tag of its record: another webhook has put the
// digest in the place of the tag. What a person writes so has a record without a tag.
func WithRecordedTag(image resolver.Reference, recorded Result) resolver.Reference {
	if image.Tag == "" && image.Digest != "" {
		image.Tag = recorded.Tag
	}
	return image
}

// WithRecordedDigest is a result that may lack its digest, with the one that a record has
// of the same tag.
func (r Result) WithRecordedDigest(recorded Result) Result {
	if r.Digest == "" && r.Tag == recorded.Tag {
		r.Digest = recorded.Digest
	}
	return r
}
