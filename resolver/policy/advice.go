package policy

// notAVersion says which way out there is from a tag that is no version. What
// semver: moves to is the plain image, so that it is named only where the tag
// says nothing of what an image is built on.
func notAVersion(tag string) Reason {
	switch tag {
	case "latest", "stable", "main", "master", "edge", "current", "release", "lts", "dev", "nightly", "canary":
		return StayNotAVersion
	}
	if isCommit(tag) {
		return StayNotAVersion
	}
	return StayUnreadVersion
}
