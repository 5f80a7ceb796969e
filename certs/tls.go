package certs

import "crypto/tls"

// ServerTLS is how the webhook is served: TLS 1.3, or TLS 1.2 with forward
// secrecy and authenticated encryption, which Go's own defaults for 1.2 do not
// insist on. clients is nil where every client is let in.
func ServerTLS(serving *Watcher, clients *ClientCA) *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// For TLS 1.2; all of 1.3 are good.
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		NextProtos:     []string{"http/1.1"}, // the API server never asks a Service for more
		GetCertificate: serving.GetCertificate,
	}
	if clients != nil {
		clients.protect(config)
	}
	return config
}
