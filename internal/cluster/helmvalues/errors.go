package helmvalues

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
)

// Kind says why a release could not be used.
type Kind string

const (
	// Forbidden is a release whose Secrets we may not read.
	Forbidden Kind = "Forbidden"
	// Unreadable is a release whose content is too large or makes no sense.
	Unreadable Kind = "Unreadable"
	// Unavailable is a release that the API server did not tell us about.
	Unavailable Kind = "Unavailable"
	// TooMany is a release with more revisions in use than Helm ever makes.
	TooMany Kind = "TooMany"
)

// Error is why the values of a release could not be used. Its text is one line,
// with the release's name and the reason, and nothing of what is in the release;
// what it unwraps to may hold an address, and is for errors.Is alone.
type Error struct {
	Kind Kind
	// Release is the name that the workload gives.
	Release string
	// Kept is true where the values that were read last are used in their place.
	Kept bool

	cause error
}

func (e *Error) Error() string {
	used := "its keel: values are not used"
	if e.Kept {
		used = "its last known keel: values are used"
	}
	return fmt.Sprintf("Helm release %q: %s; %s", e.Release, e.reason(), used)
}

func (e *Error) reason() string {
	switch e.Kind {
	case Forbidden:
		return "Garboard may not read its Secrets"
	case TooMany:
		return fmt.Sprintf("more than %d revisions are in use", maxRevisions-1)
	case Unreadable:
		return e.cause.Error() // one of our own
	default:
		return "the API server gave no answer"
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func (e *Error) kept() *Error {
	kept := *e
	kept.Kept = true
	return &kept
}

func newError(kind Kind, release types.NamespacedName, cause error) *Error {
	return &Error{Kind: kind, Release: release.Name, cause: cause}
}
