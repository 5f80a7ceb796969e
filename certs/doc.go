// Package certs is Garboard's TLS: the cert-manager objects that issue the
// webhook's serving certificate, and the watcher that serves it, renewals
// included, without a restart.
//
// manifests/base/certificates.yaml is rendered from [Objects]; after a change
// here, render it again with
//
//	go test ./certs -run TestManifest -update
package certs
