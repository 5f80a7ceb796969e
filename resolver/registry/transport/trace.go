package transport

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Request is what Options.Trace is told of one request. It holds no secret, and
// of what the other side wrote nothing but the status, and the host and path
// that a token service is named by.
type Request struct {
	Method string
	// URL is without user, password and the values of its query, but for page
	// size, scope and service. Where a redirect led, it is the host alone: the
	// rest is often a signature. It is printable ASCII of at most 512 bytes.
	URL string
	// Credential is the scheme of the Authorization header: Basic, Bearer or "".
	Credential string
	// Status is that of the answer, 0 without one.
	Status int
	// Err is why there is no answer, or no whole body; "" otherwise.
	Err failure.Kind
	// Duration is the time to the first byte of the answer or to the failure;
	// 0 for a request that was refused before it was sent.
	Duration time.Duration
	// Bytes are those read of the body, unpacked.
	Bytes int64
}

// maxShownURL bounds what a token service's path can put on a screen.
const maxShownURL = 512

// observer tells metrics and the hooks of requests.
type observer struct {
	now     func() time.Time
	metrics *Metrics
	trace   func(Request)
	span    func(context.Context) func(Request)
}

// begin notes a request that is to be sent; what it returns goes to refused or
// over.
func (o *observer) begin(req *http.Request) (end func(Request)) {
	if o.span == nil {
		return nil
	}
	return o.span(req.Context())
}

// refused notes a request that was not sent.
func (o *observer) refused(req *http.Request, end func(Request), err error) {
	o.metrics.refused(req.URL.Host, o.now())
	o.tell(req, end, Request{Err: failure.Classify(err).Kind})
}

// over notes a request that has ended: its body was read, or left.
func (o *observer) over(req *http.Request, end func(Request), outcome string, told Request) {
	o.metrics.sent(req.URL.Host, outcome, told.Duration, told.Bytes, o.now())
	o.tell(req, end, told)
}

func (o *observer) tell(req *http.Request, end func(Request), told Request) {
	if o.trace == nil && end == nil {
		return
	}
	told.Method, told.URL, told.Credential = req.Method, shownURL(req), shownScheme(req.Header)
	if o.trace != nil {
		o.trace(told)
	}
	if end != nil {
		end(told)
	}
}

func shownScheme(header http.Header) string {
	scheme, _, _ := strings.Cut(header.Get("Authorization"), " ")
	if scheme != "Basic" && scheme != "Bearer" {
		return ""
	}
	return scheme
}

func shownURL(req *http.Request) string {
	host, ok := shownHost(req.URL.Host)
	if !ok {
		host = "invalid-host"
	}
	text := req.URL.Scheme + "://" + host
	if req.Response != nil {
		return text + "/..."
	}
	text += req.URL.EscapedPath()
	if query := shownQuery(req.URL.Query()); query != "" {
		text += "?" + query
	}
	if len(text) > maxShownURL {
		text = text[:maxShownURL-len("...")] + "..."
	}
	return text
}

// shownQuery keeps the values that tell what is asked for. A page's cursor is
// the registry's.
func shownQuery(query url.Values) string {
	kept, hidden := url.Values{}, ""
	for key, values := range query {
		if key == "n" || key == "scope" || key == "service" {
			kept[key] = values
		} else {
			hidden = "..."
		}
	}
	text := strings.NewReplacer("%3A", ":", "%2F", "/", "%2C", ",").Replace(kept.Encode())
	if text == "" || hidden == "" {
		return text + hidden
	}
	return text + "&" + hidden
}

// bodyKind is why a body broke off, as readBody has it; "" if it did not.
func bodyKind(err error) failure.Kind {
	switch {
	case err == nil:
		return ""
	case failure.Classify(err).Kind == failure.Timeout:
		return failure.Timeout
	default:
		return failure.BadAnswer
	}
}
