// Package failure says why a registry could not be read. It is on the ground of
// package registry: what reads, signs in or sends says so in these words.
package failure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Kind says what went wrong, so that a caller can decide without reading text.
type Kind string

const (
	// Unreachable is no answer, or one that says the registry is not working.
	Unreachable Kind = "Unreachable"
	// Timeout is a deadline, or one of our own limits, that passed first.
	Timeout Kind = "Timeout"
	// Unauthorized is the refusal of the credential, or of the lack of one, by
	// the registry or its token service.
	Unauthorized Kind = "Unauthorized"
	// NotFound is a repository or tag that the registry does not know.
	NotFound Kind = "NotFound"
	// RateLimited is a pause that the registry asks for, or our own pace.
	RateLimited Kind = "RateLimited"
	// BadAnswer is an answer that is not what the specification says.
	BadAnswer Kind = "BadAnswer"
	// TooLarge is more tags, pages or bytes than are read.
	TooLarge Kind = "TooLarge"
	// NotAnImage is a digest that is there, but that no node can run: a chart, a
	// signature, a build cache. Its tag is no candidate; another may be.
	NotAnImage Kind = "NotAnImage"
	// Blocked is what we did not ask for, because of the address or the scheme.
	Blocked Kind = "Blocked"
	// Denied is a repository that the registry settings do not allow. No
	// registry was asked about it.
	Denied Kind = "Denied"
)

// KindOf is the kind of a registry's failure; "" for any other error, and for none.
func KindOf(err error) Kind {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.Kind
	}
	return ""
}

// DependsOnCredential reports an answer that another credential may change. What is not
// there is among them: many registries say so of what may not be read.
func DependsOnCredential(err error) bool {
	kind := KindOf(err)
	return kind == Unauthorized || kind == NotFound
}

// Error is the failure of one read. Its text holds no address, no credential
// and nothing that a registry wrote; Err may, and is for errors.Is alone.
type Error struct {
	Kind       Kind
	Repository string
	Err        error
	// RetryAfter is how long the registry asked us to wait, or is left alone
	// since it does not answer; 0 if neither.
	RetryAfter time.Duration

	// Status is that of the answer, and 0 without one; Code is the error code in it,
	// and "" without one.
	Status int
	Code   transport.ErrorCode
}

func (e *Error) Error() string {
	return fmt.Sprintf("reading %q: %s", e.Repository, e.Summary())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Summary is the failure in a few words, fit for an admission warning.
//
// Blocked reads as Unreachable, and Unauthorized as NotFound: the first would
// tell an attacker which addresses exist inside the cluster, the second which
// repositories exist behind our credential. Denied tells nothing but our own
// settings, and only of names that were written.
func (e *Error) Summary() string {
	switch e.Kind {
	case Timeout:
		return "registry did not answer in time"
	case Unauthorized, NotFound:
		return "not found, or the credentials may not read it"
	case RateLimited:
		return "registry asks for a pause"
	case BadAnswer:
		return "the registry sent an invalid response"
	case TooLarge:
		return "registry's answer is too large"
	case NotAnImage:
		return "not a container image"
	case Unreachable, Blocked:
		return "registry cannot be reached"
	case Denied:
		return "not allowed by the registry settings"
	default:
		return "registry cannot be read"
	}
}

// Of returns the error with the repository it is about. Pings and tokens are
// shared, so the error of one may reach the callers of several repositories.
func (e *Error) Of(repository string) *Error {
	named := *e
	named.Repository = repository
	return &named
}

// What a request is not sent for, and Classify knows.
var (
	ErrAddress   = errors.New("address is not allowed")
	ErrScheme    = errors.New("scheme is not allowed")
	ErrRedirects = errors.New("too many redirects")
)

// Classify turns what sending a request returned into an Error.
func Classify(err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	switch {
	case errors.Is(err, ErrAddress), errors.Is(err, ErrScheme):
		return &Error{Kind: Blocked, Err: err}
	case errors.Is(err, ErrRedirects):
		return &Error{Kind: BadAnswer, Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Error{Kind: Timeout, Err: err}
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return &Error{Kind: Timeout, Err: err}
	}
	return &Error{Kind: Unreachable, Err: err}
}

// Bad is an answer that came but cannot be used.
func Bad(format string, args ...any) *Error {
	return &Error{Kind: BadAnswer, Err: fmt.Errorf(format, args...)}
}

// NotImage is a good answer about something that is no image.
func NotImage(why string) *Error {
	return &Error{Kind: NotAnImage, Err: errors.New(why)}
}

// OfAnswer is the failure that an answer tells of which is no success.
func OfAnswer(status int, body []byte) *Error {
	failed := &Error{
		Kind:   kindOfStatus(status),
		Err:    fmt.Errorf("status %d", status),
		Status: status,
	}
	if code, said := decodeErrorCode(body); said {
		failed.Code = code
		if failed.Kind != RateLimited { // GitHub's says DENIED
			failed.Kind = kindOfCode(code, failed.Kind)
		}
	}
	return failed
}

// decodeErrorCode reads the first code of an error's body, and false where that
// is HTML, or nothing.
func decodeErrorCode(body []byte) (code transport.ErrorCode, said bool) {
	var answer struct {
		Errors []struct {
			Code transport.ErrorCode `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Errors) == 0 {
		return "", false
	}
	return answer.Errors[0].Code, true
}

func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Unauthorized
	case status == http.StatusNotFound, status == http.StatusPreconditionFailed: // Harbor's quarantine
		return NotFound
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return Unreachable
	default:
		return BadAnswer
	}
}

// kindOfCode refines a status by the specification's code: registries send
// them with statuses of their own choice.
func kindOfCode(code transport.ErrorCode, kind Kind) Kind {
	switch code {
	case transport.UnauthorizedErrorCode, transport.DeniedErrorCode:
		return Unauthorized
	case transport.NameUnknownErrorCode, transport.ManifestUnknownErrorCode:
		return NotFound
	case transport.TooManyRequestsErrorCode:
		return RateLimited
	default:
		return kind
	}
}
