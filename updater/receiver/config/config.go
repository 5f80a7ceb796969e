// Package config reads the file that says who may tell Garboard of pushes, and
// how each sender proves who it is.
package config

import "github.com/garboard-dev/garboard/internal/configfile"

// What a settings file says it is.
const (
	APIVersion = "garboard.dev/v1alpha1"
	Kind       = "PushConfig"
)

// Config is a file of senders, read and found to be good. It never changes.
type Config struct {
	// Senders are in the order of the file. Several may be of one kind, and so
	// on one path: the first that a request proves to be counts.
	Senders []Sender
}

// Sender is one origin of notifications.
type Sender struct {
	// Name is what logs call it, unique in the file.
	Name string
	// Kind says what it sends, and where to: the last part of the path.
	Kind SenderKind
	// Registry is what stands before the repository in the images of workloads,
	// a host with perhaps a path. "" leaves it to the payload.
	Registry string
	// Auth is how the sender proves who it is.
	Auth Auth
}

// Auth is exactly one way to prove who is sending. Secrets are the content of
// files, without the white space around it.
type Auth struct {
	// HMACSecret signs the body, in the header that the kind of sender uses.
	HMACSecret Secret
	// BearerToken stands in the header Authorization.
	BearerToken Secret
	// QueryToken is the parameter "token" of the URL.
	QueryToken Secret
	// Basic is a user and a password.
	Basic *Basic
	// OIDC is a token that an identity provider signed.
	OIDC *OIDC
	// Unauthenticated lets every sender in.
	Unauthenticated bool
}

// Basic is what HTTP basic authentication compares.
type Basic struct{ Username, Password Secret }

// OIDC is who must have signed a token, for whom and about whom.
type OIDC struct {
	// Issuer is the provider, Audience whom the token is for, Email the account
	// that it is about.
	Issuer, Audience, Email string
	// KeysURL is where the provider publishes its keys, as a JWK set.
	KeysURL string
}

// Google's own, which Pub/Sub signs with.
const (
	googleIssuer = "https://accounts.google.com"
	googleKeys   = "https://www.googleapis.com/oauth2/v3/certs"
)

// Secret is the content of a file that proves a sender.
type Secret = configfile.Secret
