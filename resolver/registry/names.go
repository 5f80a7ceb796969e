package registry

import (
	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// Credential is what a registry is asked with; package auth makes one.
type Credential = auth.Credential

// Request is what Options.Trace is told of one request.
type Request = transport.Request

// Error is the failure of one read.
type Error = failure.Error

// Kind says what went wrong, so that a caller can decide without reading text.
type Kind = failure.Kind

// KindOf is the kind of a registry's failure; "" for any other error, and for none.
func KindOf(err error) Kind { return failure.KindOf(err) }

// DependsOnCredential reports an answer that another credential may change.
func DependsOnCredential(err error) bool { return failure.DependsOnCredential(err) }

// DistinctCredentials are the credentials to try, each once; the anonymous one if there is
// no other.
func DistinctCredentials(all []Credential) []Credential { return auth.Distinct(all) }

// The kinds, as package failure tells them.
const (
	Unreachable  = failure.Unreachable
	Timeout      = failure.Timeout
	Unauthorized = failure.Unauthorized
	NotFound     = failure.NotFound
	RateLimited  = failure.RateLimited
	BadAnswer    = failure.BadAnswer
	TooLarge     = failure.TooLarge
	NotAnImage   = failure.NotAnImage
	Blocked      = failure.Blocked
	Denied       = failure.Denied
)
