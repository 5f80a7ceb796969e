package inspect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// The steps, as they stand behind "garboard:" in a message.
const (
	stepSettings = "checking the registry settings"
	stepList     = "listing the tags"
	stepDigest   = "reading the digest"
	stepImage    = "reading the image"
)

// Failure is the step that failed, why, and what can be done.
type Failure struct { //nolint:errname // a part of a report, and an error only for the command
	Step string        `json:"step"`
	Kind registry.Kind `json:"kind"`
	// Problem is the kind in a clause.
	Problem string `json:"problem"`
	// Cause is what the other side or the system said: a status, a TLS or DNS
	// error. It is escaped and cut.
	Cause string `json:"cause,omitempty"`
	// Request is the last one that got another answer than a success.
	Request string `json:"request,omitempty"`
	// Advice is what can be done about it.
	Advice string `json:"advice,omitempty"`

	err    error
	tried  []Tried
	unread []string // why some credentials could not be had
}

// Error has a line for what failed, one for each credential that was tried or
// could not be read if it failed for that, and one for what can be done.
func (f *Failure) Error() string {
	text := f.Step + ": " + f.Problem
	if f.Cause != "" {
		text += ": " + f.Cause
	}
	if f.Request != "" {
		text += " (" + f.Request + ")"
	}
	for _, t := range f.tried {
		text += "\n  tried: " + t.String()
	}
	for _, fault := range f.unread {
		text += "\n  not tried: " + fault
	}
	if f.Advice != "" {
		text += "\n  " + f.Advice
	}
	return text
}

// Unwrap returns the error behind it.
func (f *Failure) Unwrap() error { return f.err }

// failure makes one of an error of the client, whose requests began at began.
func (i *Inspector) failure(r *Report, step string, err error, began int) *Failure {
	f := &Failure{Step: step, Kind: registry.KindOf(err), Problem: problemText(err), Cause: cause(err), err: err}
	repository := r.reference.Repository.String()
	switch step {
	case stepSettings:
		f.Cause = "" // the problem says it
		step = repository
	case stepDigest:
		step = repository + ":" + r.Tag
	case stepImage:
		step = repository + "@" + r.Digest
	default:
		step = repository
	}
	f.Step += " of " + step
	for _, told := range i.Trace.since(began) {
		if told.Status >= http.StatusBadRequest || told.Err != "" {
			f.Request = told.Method + " " + told.URL
		}
	}
	if f.Kind == registry.Unauthorized || f.Kind == registry.NotFound && step == repository {
		f.tried, f.unread = r.Credentials, r.CredentialFaults
	}
	f.Advice = i.advice(r, f)
	return f
}

// problemText is the kind in a clause. Unlike admission's summaries it tells a
// refusal from what is not there.
func problemText(err error) string {
	failed, _ := errors.AsType[*registry.Error](err)
	if failed == nil {
		return "failed"
	}
	switch failed.Kind {
	case registry.Unreachable:
		return "the registry cannot be reached"
	case registry.Timeout:
		return "no answer in time"
	case registry.Unauthorized:
		return "refused"
	case registry.NotFound:
		return "not found"
	case registry.RateLimited:
		if failed.RetryAfter > 0 {
			return "the registry asks for a pause of " + failed.RetryAfter.Round(time.Second).String()
		}
		return "the registry asks for a pause"
	case registry.BadAnswer:
		return "the answer is not that of a registry"
	case registry.TooLarge:
		return "the answer is too large"
	case registry.NotAnImage:
		return "it is not a container image"
	case registry.Blocked:
		return "not asked"
	case registry.Denied:
		return "the registry settings do not allow it"
	default:
		return "failed"
	}
}

// cause is what lies behind an error of the client, as far as it may be shown:
// our own words, and those of the system about names, connections and
// certificates. What else a transport says may quote what the other side wrote,
// be it our own credential: of that the part in front of the quotes is shown.
func cause(err error) string {
	failed, _ := errors.AsType[*registry.Error](err)
	if failed == nil || failed.Err == nil {
		return ""
	}
	return Shown(withoutURL(failed.Err))
}

// withoutURL is an error's text without the URLs in it, whose queries may hold
// signatures.
func withoutURL(err error) string {
	text := err.Error()
	located, ok := errors.AsType[*url.Error](err)
	if !ok {
		return text
	}
	inner := located.Err.Error()
	if !systems(located.Err) {
		inner, _, _ = strings.Cut(inner, `"`)
		inner = strings.TrimRight(inner, ": ")
	}
	return strings.Replace(text, located.Error(), inner, 1)
}

// systems reports errors whose text is the system's own.
func systems(err error) bool {
	_, dns := errors.AsType[*net.DNSError](err)
	_, network := errors.AsType[*net.OpError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, errno := errors.AsType[syscall.Errno](err)
	return dns || network || certificate || errno
}

// advice is what can be done about a failure; "" if that is not known.
func (i *Inspector) advice(r *Report, f *Failure) string {
	host := r.Registry
	switch f.Kind {
	case registry.Denied:
		return "to allow it, change allow or deny in the file of --registries-config"
	case registry.Blocked:
		return "a redirect or the token service leads to an address that is no registry's; if it is to be trusted, servers are told by --private-registries"
	case registry.Unauthorized:
		return i.signIn(r)
	case registry.NotFound:
		if strings.HasPrefix(f.Step, stepList) {
			return "is the name right? Many registries say so, too, of what a credential may not read"
		}
		return fmt.Sprintf("the list has %d tags; garboard registry tags %s --list shows them", r.Tags.Total, r.reference.Name)
	case registry.RateLimited:
		return "wait, or sign in: most registries allow more to those whom they know"
	case registry.BadAnswer:
		return fmt.Sprintf("does something else answer at %s: a sign-in page, a proxy?", host)
	case registry.Timeout:
		return "is there a firewall or a proxy on the way? --timeout gives it more time"
	case registry.NotAnImage:
		return "a chart, a signature or a build cache is nothing that a node can run; Garboard passes over such tags"
	case registry.Unreachable:
		return unreachableText(host, f.err)
	default:
		return ""
	}
}

func (i *Inspector) signIn(r *Report) string {
	for _, t := range r.Credentials {
		if t.Source != "" {
			return "are they still valid, and do they have the right to pull this repository?"
		}
	}
	return fmt.Sprintf("no credential was found for %s: sign in with docker login, name a pull secret with --image-pull-secret, "+
		"or give credentials in the file of --registries-config", r.Registry)
}

func unreachableText(host string, err error) string {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, otherName := errors.AsType[x509.HostnameError](err)
	dns, unknown := errors.AsType[*net.DNSError](err)
	switch {
	case record, errors.Is(err, http.ErrSchemeMismatch):
		return "it speaks plain HTTP: --insecure-registries=" + host
	case authority:
		return "give the CA that signed its certificate as ca in the file of --registries-config"
	case otherName:
		return "is the host right? Its certificate is for other names"
	case unknown && dns.IsNotFound:
		return "is the name right, and does the DNS of this machine know it?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the port right, and the registry running?"
	default:
		return ""
	}
}
