package pullsecret

import (
	"fmt"
	"strings"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Kind says why an object could not be used.
type Kind string

const (
	// Missing is an object that is not there, or a name that none can have.
	Missing Kind = "Missing"
	// Forbidden is an object that we may not read.
	Forbidden Kind = "Forbidden"
	// Unreadable is a Secret whose content makes no sense.
	Unreadable Kind = "Unreadable"
	// Unavailable is an object that the API server did not tell us about.
	Unavailable Kind = "Unavailable"
	// TooMany is the first of those that are not read any more.
	TooMany Kind = "TooMany"
)

// The objects that credentials are found through.
const (
	Secret         = "Secret"
	ServiceAccount = "ServiceAccount"
)

// Error is why an object could not be used. Its text is one line, with the
// object's name and the reason, and nothing of what is in the object; what it
// unwraps to may hold an address, and is for errors.Is alone.
type Error struct {
	Kind Kind
	// Object is Secret or ServiceAccount, Name the name as the workload has it.
	Object, Name string

	detail string // of Unreadable
	cause  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("reading %s %q: %s", e.Object, printable.Cut(e.Name, maxName), e.reason())
}

func (e *Error) reason() string {
	switch e.Kind {
	case Missing:
		return "there is none in this namespace"
	case Forbidden:
		return fmt.Sprintf("Garboard may not read %ss in this namespace", e.Object)
	case Unreadable:
		return e.detail
	case TooMany:
		return fmt.Sprintf("not read, as at most %d are for a workload", maxSecrets)
	default:
		return "the API server gave no answer"
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Errors are all objects of a workload that could not be used.
type Errors []*Error

// Summary is what may be shown to the writer of the workload: names that it
// gives itself. Of several errors it is the first, and how many more there are.
func (e Errors) Summary() string {
	if len(e) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s %q: %s", e[0].Object, printable.Cut(e[0].Name, maxName), e[0].reason())
	if len(e) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(e)-1)
	}
	return text
}

// Error is the errors, on one line.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, failed := range e {
		texts[i] = failed.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors, each for itself.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, failed := range e {
		all[i] = failed
	}
	return all
}

func (e Errors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// maxName keeps a hostile name from filling a message. No Secret has a longer one.
const maxName = 253
