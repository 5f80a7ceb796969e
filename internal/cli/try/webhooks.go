package try

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/webhook"
)

const (
	headerTimeout = 5 * time.Second
	// admissionTimeout is that of manifests/: how long the API server waits.
	admissionTimeout = 5 * time.Second
	// maxReview bounds what is read of an answer.
	maxReview = 8 << 20
)

// webhooks are Garboard's two, served on loopback, and the client that asks them.
// A cluster's API server asks by HTTPS; here it is plain HTTP.
type webhooks struct {
	url    string
	client *http.Client
	server *http.Server
	served chan error
}

// serveMux lets webhook.Register have its way.
type serveMux struct{ *http.ServeMux }

// Register puts a handler at a path.
func (m serveMux) Register(path string, handler http.Handler) { m.Handle(path, handler) }

// allOptedIn is a cluster all of whose namespaces are labelled.
type allOptedIn struct{}

// Namespace returns a namespace that has opted in.
func (allOptedIn) Namespace(_ context.Context, name string) (workload.Namespace, error) {
	return optedIn(name), nil
}

func serveWebhooks(ctx context.Context, answers webhook.Resolver) (*webhooks, error) {
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: answers, UpdaterAccount: webhook.DefaultUpdaterAccount})
	if err != nil {
		return nil, err
	}
	metrics, err := webhook.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return nil, err
	}
	mux := serveMux{http.NewServeMux()}
	webhook.Register(mux,
		&webhook.Mutate{Decider: decider, Namespaces: allOptedIn{}, Metrics: metrics, Log: logr.FromSlogHandler(slog.DiscardHandler)},
		&webhook.Validate{Namespaces: allOptedIn{}})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving admission: %w", err)
	}
	w := &webhooks{
		url:    "http://" + listener.Addr().String(),
		client: &http.Client{Timeout: admissionTimeout, Transport: &http.Transport{}},
		server: &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout},
		served: make(chan error, 1),
	}
	go func() { w.served <- w.server.Serve(listener) }()
	return w, nil
}

// review asks the webhook at a path, as the API server does.
func (w *webhooks) review(ctx context.Context, path string, request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	question, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Request:  request,
	})
	if err != nil {
		return nil, fmt.Errorf("writing an admission request: %w", err)
	}
	url := fmt.Sprintf("%s%s?timeout=%s", w.url, path, admissionTimeout)
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(question))
	if err != nil {
		return nil, fmt.Errorf("asking webhook %q: %w", path, err)
	}
	post.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(post)
	if err != nil {
		return nil, fmt.Errorf("asking webhook %q: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking webhook %q: %s", path, response.Status)
	}
	var answer admissionv1.AdmissionReview
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReview)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading the answer of webhook %q: %w", path, err)
	}
	if answer.Response == nil || answer.Response.UID != request.UID {
		return nil, fmt.Errorf("reading the answer of webhook %q: it answers no request of UID %q", path, request.UID)
	}
	return answer.Response, nil
}

// close ends the server and all connections to it.
func (w *webhooks) close() error {
	w.client.CloseIdleConnections()
	err := w.server.Close()
	if served := <-w.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
