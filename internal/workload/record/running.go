package record

import "github.com/garboard-dev/garboard/resolver"

// Running is what a container runs, by its image and its record.
func Running(image resolver.Reference, recorded Result) Result {
	image = WithRecordedTag(image, recorded)
	return Result{Tag: image.TagOrLatest(), Digest: image.Digest}.WithRecordedDigest(recorded)
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
