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
	Refused      = failure.Refused
	Denied       = failure.Denied
)
