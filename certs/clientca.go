package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"
)

// maxClientCA bounds the file of a [ClientCA], in bytes.
const maxClientCA = 1 << 20

// ErrNoClientCA says that no CA for client certificates has been read yet, so
// that no client can be let in.
var ErrNoClientCA = errors.New("no client CA loaded yet")

// ClientNameError refuses a client whose certificate is good, and not one of
// the names that may ask.
type ClientNameError struct {
	// Name is the certificate's common name.
	Name string
}

func (e *ClientNameError) Error() string {
	return fmt.Sprintf("client certificate of %q: not one of the names that are allowed", e.Name)
}

// ClientCAOptions configure a [ClientCA].
type ClientCAOptions struct {
	// File has the CA certificates as PEM. Required.
	File string
	// Names are the clients that are let in, by the common name or a DNS name of
	// their certificate. The default is every client that the CA has signed.
	Names []string
	// Interval between two reads of the file. The default is [DefaultInterval].
	Interval time.Duration
}

// ClientCA lets in clients with a certificate of a CA, and follows the file
// that the CA is in: new connections are held to the new one. A file that is no
// CA leaves the last good one in force. It is safe for concurrent use.
type ClientCA struct {
	options ClientCAOptions
	text    []byte // as of the last good reading; of Start's goroutine alone
	pool    atomic.Pointer[x509.CertPool]
}

// NewClientCA reads nothing yet; [ClientCA.Start] does. The error is that of a
// missing file name.
func NewClientCA(o ClientCAOptions) (*ClientCA, error) {
	if o.File == "" {
		return nil, errors.New("watching the client CA: no file given")
	}
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	return &ClientCA{options: o}, nil
}

// Start reads the file at once and then at each interval, until ctx ends; then
// it returns nil.
func (c *ClientCA) Start(ctx context.Context) error {
	logger := log.FromContext(ctx).WithName("certs").WithValues("clientCA", c.options.File)
	ticker := time.NewTicker(c.options.Interval)
	defer ticker.Stop()
	for last := ""; ; {
		changed, err := c.load()
		switch {
		case err != nil && err.Error() != last:
			last = err.Error() // Said once, not at each attempt.
			logger.Error(err, "The client CA before, if there is one, stays in force")
		case changed:
			last = ""
			logger.Info("Client CA in force")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (c *ClientCA) load() (changed bool, err error) {
	text, err := readBounded(c.options.File)
	if err != nil {
		return false, fmt.Errorf("reading the client CA: %w", err)
	}
	if bytes.Equal(text, c.text) {
		return false, nil
	}
	pool, err := parseCA(text)
	if err != nil {
		return false, fmt.Errorf("reading the client CA %q: %w", c.options.File, err)
	}
	c.text = text
	c.pool.Store(pool)
	return true, nil
}

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxClientCA+1))
	if err == nil && len(text) > maxClientCA {
		err = fmt.Errorf("%q: allowed: at most %d bytes", name, maxClientCA)
	}
	return text, err
}

// parseCA takes all certificates or none: a bundle that is half understood would
// turn away the API server that the other half is for.
func parseCA(text []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a block %q; allowed: CERTIFICATE", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, errors.New("no certificate in it; allowed: one or more in PEM")
	}
	return pool, nil
}

// NeedLeaderElection says that each replica of the webhook serves, so each
// watches.
func (*ClientCA) NeedLeaderElection() bool { return false }

// Ready is a readiness check: [ErrNoClientCA] until the CA is read.
func (c *ClientCA) Ready(*http.Request) error {
	if c.pool.Load() == nil {
		return fmt.Errorf("waiting for %q: %w", c.options.File, ErrNoClientCA)
	}
	return nil
}

// Pool is the CA that is in force; nil until it is read. It is for servers that let in
// others, too, and verify the certificates of those who show one.
func (c *ClientCA) Pool() *x509.CertPool { return c.pool.Load() }

// protect makes a configuration ask each client for its certificate.
func (c *ClientCA) protect(config *tls.Config) {
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.VerifyConnection = c.verify
	// A session that is resumed is one that a former CA may have let in.
	config.SessionTicketsDisabled = true
	base := config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pool := c.pool.Load()
		if pool == nil {
			return nil, ErrNoClientCA
		}
		current := base.Clone()
		current.ClientCAs = pool
		return current, nil
	}
}

// verify looks at the name; the chain has been verified.
func (c *ClientCA) verify(state tls.ConnectionState) error {
	if len(c.options.Names) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0] // there is one: the handshake required it
	allowed := func(name string) bool { return slices.Contains(c.options.Names, name) }
	if allowed(leaf.Subject.CommonName) || slices.ContainsFunc(leaf.DNSNames, allowed) {
		return nil
	}
	return &ClientNameError{Name: leaf.Subject.CommonName}
}
