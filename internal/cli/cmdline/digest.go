package cmdline

// ShortDigest is enough of a digest to tell two apart; -o json has the whole.
func ShortDigest(digest string) string {
	const most = len("sha256:") + 12
	if len(digest) <= most {
		return ""
	}
	return "@" + digest[:most] + "…"
}
