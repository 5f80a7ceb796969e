package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// maxRedirects is how many redirects are followed that keep the message.
const maxRedirects = 5

// request is what is sent to a service over HTTP.
type request struct {
	method, address string
	header          http.Header
	body            []byte
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

// failed is the error of an answer that has not taken a message.
func (a answer) failed() error {
	return fmt.Errorf("status %d %s", a.status, http.StatusText(a.status))
}

// taken reports whether the service has the message.
func (a answer) taken() bool { return a.status >= 200 && a.status < 300 }

// newClient returns a client that follows no redirect on which the message would be
// lost.
func newClient() *http.Client { return &http.Client{CheckRedirect: keepsBody} }

// keepsBody follows 307 and 308. Behind 301, 302 and 303 a client asks without the
// body: the answer would be that of another page, and the message nowhere.
func keepsBody(next *http.Request, via []*http.Request) error {
	status := next.Response.StatusCode
	if len(via) > maxRedirects || status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		return http.ErrUseLastResponse
	}
	return nil
}

// bound is a client whose requests end with a context: for services that have none.
type bound struct {
	ctx    context.Context //nolint:containedctx // it is of one message
	client *http.Client
}

// Do sends a request.
func (b bound) Do(r *http.Request) (*http.Response, error) { return b.client.Do(r.WithContext(b.ctx)) } //nolint:gosec // the operator's address

// send sends a request, and reads the answer.
func (r request) send(ctx context.Context) (answer, error) {
	made, err := http.NewRequestWithContext(ctx, r.method, r.address, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	made.Header = r.header
	response, err := newClient().Do(made)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	return answer{response.StatusCode, body}, nil
}

// postJSON posts a document.
func postJSON(ctx context.Context, address string, header http.Header, body []byte) (answer, error) {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return request{http.MethodPost, address, header, body}.send(ctx)
}
