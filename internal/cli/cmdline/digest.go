package cmdline

import "github.com/garboard-dev/garboard/internal/printable"

// ShortDigest is enough of a digest to tell two apart; -o json has the whole.
func ShortDigest(digest string) string {
	short := printable.Digest(digest, 12)
	if short == digest {
		return ""
	}
	return "@" + short + "…"
}
