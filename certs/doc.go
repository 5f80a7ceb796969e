// Package certs is Garboard's TLS: the watcher that serves a certificate, renewals
// included, without a restart, and the CA that clients are checked by. The cert-manager
// objects that issue the webhook's certificate are in the package certmanager.
package certs
