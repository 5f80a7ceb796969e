// Package inspect asks a registry about one image, as admission would, and
// notes on the way what a person needs who looks for what is wrong: the
// credentials, the endpoint, each request, and the step that failed.
//
// It tells more than a webhook may: status codes, addresses and the causes of
// failures. It never tells a credential, and what the other side wrote is
// escaped and cut.
package inspect

import (
	"strings"
	"time"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// Report is all that was learnt of an image, up to the step that failed.
type Report struct {
	Image      string `json:"image"`
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	// Tag is the one that is asked about: latest where none was written.
	Tag string `json:"tag,omitempty"`
	// Written is the digest that the reference names.
	Written string `json:"writtenDigest,omitempty"`
	Allowed bool   `json:"allowed"`

	Credentials []Tried `json:"credentials,omitempty"`
	// CredentialFaults are why some could not be had.
	CredentialFaults []string  `json:"credentialFaults,omitempty"`
	Endpoint         *Endpoint `json:"endpoint,omitempty"`
	Tags             *Tags     `json:"tags,omitempty"`
	// Digest is what the tag points at.
	Digest    string     `json:"digest,omitempty"`
	Platforms []string   `json:"platforms,omitempty"`
	Created   *time.Time `json:"created,omitempty"`
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
	Requests  []Request  `json:"requests,omitempty"`
	Failure   *Failure   `json:"failure,omitempty"`

	list       []string
	credential registry.Credential
	reference  resolver.Reference
}

// List returns the tags, and the credential that they were read with.
func (r *Report) List() ([]string, registry.Credential) { return r.list, r.credential }

// Outcome is what became of a credential.
type Outcome string

const (
	// Accepted is the one that the rest was asked with.
	Accepted Outcome = "accepted"
	// NotRequested is one that the registry did not ask for.
	NotRequested Outcome = "not asked for"
	// Rejected by the registry or its token service.
	Rejected Outcome = "refused"
	// RepositoryNotFound credentials were told that there is no such repository, which
	// many registries say of what may not be read.
	RepositoryNotFound Outcome = "told that there is no such repository"
	// Inconclusive is one that was asked with when something else failed.
	Inconclusive Outcome = "not judged"
	// Untried ones come after the one that was accepted, or after a failure.
	Untried Outcome = "not tried"
)

// Tried is one credential. It never has the content.
type Tried struct {
	Kind    string  `json:"kind"`
	Source  string  `json:"source,omitempty"`
	Outcome Outcome `json:"outcome"`
}

// String is the kind, where it was found and what became of it.
func (t Tried) String() string {
	text := t.Kind
	if t.Source != "" {
		text += " of " + t.Source
	}
	return text + ": " + string(t.Outcome)
}

// Endpoint is the place that gave the list of tags.
type Endpoint struct {
	URL    string `json:"url"`
	Mirror bool   `json:"mirror"`
	// Address is the one that was connected to, or its proxy's.
	Address string `json:"address,omitempty"`
	// Guarded: the servers, which trust no reference, would not connect to it as
	// they are now configured.
	Guarded bool `json:"guarded"`
}

// Tags counts a list.
type Tags struct {
	Total    int `json:"total"`
	Versions int `json:"versions"`
}

// RateLimit is what the registry last said of it. Limit is 0 where it did not
// say of how many.
type RateLimit struct {
	Remaining int64 `json:"remaining"`
	Limit     int64 `json:"limit,omitempty"`
}

// Request is one that was sent, or refused before it was.
type Request struct {
	Method     string `json:"method"`
	URL        string `json:"url"`
	Credential string `json:"credential,omitempty"`
	// Status is 0 where there was no answer, and Error says why.
	Status       int     `json:"status,omitempty"`
	Error        string  `json:"error,omitempty"`
	Milliseconds float64 `json:"milliseconds"`
	Bytes        int64   `json:"bytes"`
}

func requestsOf(told []registry.Request) []Request {
	requests := make([]Request, len(told))
	for i, r := range told {
		requests[i] = Request{
			Method: r.Method, URL: r.URL, Credential: r.Credential, Status: r.Status, Error: string(r.Err),
			Milliseconds: float64(r.Duration.Microseconds()) / 1000, Bytes: r.Bytes,
		}
	}
	return requests
}

// maxText is what a text from outside may have: more than any cause needs, and
// less than fills a screen.
const maxText = 300

// Shown is a text from outside, fit for a terminal: control characters are
// escaped, and it is one line of bounded length.
func Shown(text string) string { return printable.Escape(strings.TrimSpace(text), maxText) }
