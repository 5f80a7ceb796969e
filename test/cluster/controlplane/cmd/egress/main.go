// Command egress is the way from the API server to webhooks behind Services,
// in a cluster without a network: an HTTP CONNECT proxy on a Unix socket. The
// API server asks for a Service's ClusterIP; the proxy looks up whose it is
// and connects to the loopback address that the routes file names.
//
// Routes file, read anew for each connection, one line a Service port:
//
//	namespace/service:port backend[,backend...]
//
// Backends take turns; one that refuses is skipped.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	socket := flag.String("socket", "egress.sock", "Unix socket to listen on")
	routes := flag.String("routes", "routes", "routes file")
	api := flag.String("api", "https://127.0.0.1:6443", "URL of the API server")
	ca := flag.String("ca", "ca.crt", "CA file of the API server")
	token := flag.String("token-file", "token", "file of a bearer token for the API server")
	flag.Parse()
	log.Fatal(run(*socket, *routes, *api, *ca, *token))
}

func run(socket, routes, api, ca, tokenFile string) error {
	client, err := newClient(ca)
	if err != nil {
		return err
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	// A killed predecessor leaves its socket behind.
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return http.Serve(l, &proxy{
		routes: routes,
		lookup: &services{api: api, token: strings.TrimSpace(string(token)), client: client},
	})
}

// newClient trusts the CA of the file and nothing else.
func newClient(ca string) (*http.Client, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading %q: no certificate in it", ca)
	}
	return &http.Client{
		Timeout:   dialTimeout,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	}, nil
}
