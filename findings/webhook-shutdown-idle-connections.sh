#!/usr/bin/env bash
# The API server's webhook client (k8s.io/apiserver v0.37.2) and controller-runtime's webhook server
# (v0.25.2) lose a request between them when a webhook ends, although the server answers the
# requests that it has, and another replica stands by.
#
# The server offers HTTP/2, with which a server says what it still answers. For a webhook behind
# a Service the client keeps to HTTP/1.1, and a server that is told to end closes idle
# connections at once. What the client is just sending on one is not answered. net/http repeats
# no POST on another connection, though no byte of an answer came, and neither does the API
# server: the call has failed with EOF, and the webhook's failure policy decides about the write.
#
# Seen: the table below. That the close is on its way while the request is being sent is made
# certain by a connection that delivers it late. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	k8s.io/api v0.37.2
	k8s.io/apiserver v0.37.2
	k8s.io/client-go v0.37.2
	sigs.k8s.io/controller-runtime v0.25.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	webhookutil "k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// late delivers the end of a connection once something more was sent on it.
type late struct {
	net.Conn
	ending *atomic.Bool
	sent   chan struct{}
}

func (l *late) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.ending.Load() {
		<-l.sent
	}
	return n, err
}

func (l *late) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	if l.ending.CompareAndSwap(true, false) {
		close(l.sent)
	}
	return n, err
}

type resolver struct{ dial func(context.Context, string, string) (net.Conn, error) }

func (r resolver) ClientConfigFor(string) (*rest.Config, error) { return &rest.Config{Dial: r.dial}, nil }
func (r resolver) ClientConfigForService(string, string, int) (*rest.Config, error) {
	return &rest.Config{Dial: r.dial}, nil
}

func main() {
	ctrl.SetLogger(logr.Discard())
	certificate, key, err := cert.GenerateSelfSignedCertKey("hook.default.svc", nil, nil)
	must(err)
	must(os.WriteFile("tls.crt", certificate, 0o600))
	must(os.WriteFile("tls.key", key, 0o600))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	port := free.Addr().(*net.TCPAddr).Port
	must(free.Close())

	var asked atomic.Int32
	var protocol atomic.Value
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: "."})
	server.Register("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		protocol.Store(r.Proto)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"1","allowed":true}}`)
	}))
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	for server.StartedChecker()(nil) != nil {
		time.Sleep(10 * time.Millisecond)
	}

	var ending atomic.Bool
	dials := 0
	manager, err := webhookutil.NewClientManager([]schema.GroupVersion{admissionv1.SchemeGroupVersion}, admissionv1.AddToScheme)
	must(err)
	manager.SetAuthenticationInfoResolver(resolver{func(ctx context.Context, network, _ string) (net.Conn, error) {
		dials++
		conn, err := (&net.Dialer{}).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
		return &late{Conn: conn, ending: &ending, sent: make(chan struct{})}, err
	}})
	manager.SetServiceResolver(webhookutil.NewDefaultServiceResolver())
	must(manager.Validate())
	client, err := manager.HookClient(webhookutil.ClientConfig{Name: "example", CABundle: certificate, Service: &webhookutil.ClientConfigService{Name: "hook", Namespace: "default", Port: 443}})
	must(err)
	ask := func() error {
		review := &admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{UID: "1"}}
		return client.Post().Body(review).Do(context.Background()).Into(&admissionv1.AdmissionReview{})
	}

	fmt.Println("while it serves:", text(ask()), "by", protocol.Load())
	ending.Store(true)
	end()
	must(<-ended)
	fmt.Println("as it ends:", text(ask()))
	fmt.Println("requests that were answered:", asked.Load(), "connections that were tried:", dials)
}

func text(err error) string {
	if err == nil {
		return "answered"
	}
	return err.Error()[strings.LastIndex(err.Error(), ": ")+2:]
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
while it serves: answered by HTTP/1.1
as it ends: EOF
requests that were answered: 1 connections that were tried: 1
EOF
