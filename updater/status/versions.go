package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
)

// VersionsPath is where the versions of one container are told.
const VersionsPath = "/v1/versions"

// Bounds on what a question about versions makes the updater ask of registries.
const (
	// maxVersions is how many images one question is about: what runs, and what comes.
	maxVersions = 2
	// versionsTimeout is less than the server has for an answer.
	versionsTimeout = 25 * time.Second
	// versionsEvery and versionsBurst are how often questions are answered: people look at
	// few, and a registry counts what is asked.
	versionsEvery = 2 * time.Second
	versionsBurst = 20

	maxField = 300
)

// VersionsRequest names one container, and the images of its repository that are asked about.
type VersionsRequest struct {
	// Kind is as the API server writes it.
	Namespace, Kind, Name, Container string
	// Of are TAG or TAG@DIGEST.
	Of []string
}

func (r VersionsRequest) values() url.Values {
	return url.Values{namespaceParameter: {r.Namespace}, "kind": {r.Kind}, "name": {r.Name}, "container": {r.Container}, "of": r.Of}
}

// versionsRequestOf reads a query. The error says what is allowed.
func versionsRequestOf(values url.Values) (r VersionsRequest, of []record.Result, err error) {
	r = VersionsRequest{
		Namespace: values.Get(namespaceParameter), Kind: values.Get("kind"), Name: values.Get("name"), Container: values.Get("container"), Of: values["of"],
	}
	for _, field := range []struct{ name, value string }{
		{namespaceParameter, r.Namespace}, {"kind", r.Kind}, {"name", r.Name}, {"container", r.Container},
	} {
		if field.value == "" || len(field.value) > maxField {
			return r, nil, fmt.Errorf("%s: %q: allowed: 1 to %d bytes", field.name, printable.Escape(field.value, maxShown), maxField)
		}
	}
	if len(r.Of) > maxVersions {
		return r, nil, fmt.Errorf("of: %d versions: allowed: at most %d", len(r.Of), maxVersions)
	}
	for _, text := range r.Of {
		version, ok := record.ParseResult(text)
		if !ok {
			return r, nil, fmt.Errorf("of: %q: allowed: TAG, TAG@DIGEST", printable.Escape(text, maxShown))
		}
		of = append(of, version)
	}
	return r, of, nil
}

// versions answers a question about one container.
func (s *Server) versions(w http.ResponseWriter, r *http.Request) {
	request, of, err := versionsRequestOf(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	if !s.options.Leads() {
		refuse(w, http.StatusServiceUnavailable, reasonNotLeading, "another replica of the updater leads, and knows")
		return
	}
	if !s.questions.AllowN(s.options.Clock.Now(), 1) {
		refuse(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "too many questions about versions: ask again in a moment")
		return
	}
	if !s.takeTurn(w, r, s.versionTurns) {
		return
	}
	defer func() { <-s.versionTurns }()
	ctx, cancel := context.WithTimeout(r.Context(), versionsTimeout)
	defer cancel()
	told, err := s.options.Versions(ctx, request, of)
	if err != nil {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, err.Error())
		return
	}
	answer(w, http.StatusOK, told)
}

// Versions asks what the versions of one container are.
func (c *Client) Versions(ctx context.Context, request VersionsRequest) (*report.Versions, error) {
	owners, err := c.owners(ctx)
	if err != nil {
		return nil, err
	}
	var absent error
	for _, pod := range owners.pods {
		told, err := c.versionsOf(ctx, pod, request)
		if !apierrors.IsNotFound(err) { // else it is another shard's
			return told, err
		}
		absent = err
	}
	return nil, absent
}

func (c *Client) versionsOf(ctx context.Context, pod string, request VersionsRequest) (*report.Versions, error) {
	stream, err := c.stream(ctx, pod, VersionsPath, request.values())
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	return readVersions(stream)
}

// Versions asks what the versions of one container are.
func (d *Direct) Versions(ctx context.Context, request VersionsRequest) (*report.Versions, error) {
	body, err := d.get(ctx, VersionsPath, request.values())
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return readVersions(body)
}

// maxVersionsAnswer is more than an updater sends.
const maxVersionsAnswer = 1 << 20

func readVersions(body io.Reader) (*report.Versions, error) {
	limited := &io.LimitedReader{R: body, N: maxVersionsAnswer + 1}
	told := &report.Versions{}
	err := json.NewDecoder(limited).Decode(told)
	switch {
	case limited.N <= 0:
		return nil, errors.New("reading the updater's answer: more than 1 MiB")
	case err != nil:
		return nil, fmt.Errorf("reading the updater's answer: %w", err)
	}
	return told, nil
}
