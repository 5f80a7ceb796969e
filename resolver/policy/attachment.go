package policy

import "strings"

// attachmentSuffixes end the tags that cosign puts beside an image.
var attachmentSuffixes = [...]string{".sig", ".att", ".sbom", ".cosign"}

// minDigest is the fewest hex digits of a digest, by the grammar of references.
// The fallback tags of referrers cut one at 64 digits.
const minDigest = 32

// isAttachment reports a tag of what belongs to an image and is no image itself: cosign's
// signatures, attestations and SBOMs, and the fallback tags of the OCI referrers
// API, which are sha256-HEX with or without an ending. A variant such as
// 1.2.3-sbom is an image.
func isAttachment(tag string) bool {
	for _, suffix := range attachmentSuffixes {
		if strings.HasSuffix(tag, suffix) {
			return true
		}
	}
	return digestTag(tag)
}

// digestTag reports ALGORITHM-HEX, with or without an ending of one word.
func digestTag(tag string) bool {
	rest, found := strings.CutPrefix(tag, "sha")
	if !found {
		return false
	}
	algorithm, rest, _ := strings.Cut(rest, "-")
	if algorithm != "256" && algorithm != "384" && algorithm != "512" {
		return false
	}
	digest, ending, ended := strings.Cut(rest, ".")
	return len(digest) >= minDigest && strings.Trim(digest, "0123456789abcdef") == "" &&
		(!ended || ending != "" && !strings.ContainsAny(ending, "-._"))
}
