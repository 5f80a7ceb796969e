// Package registries tries what Keelson asks of registries against a real one:
// distribution v3 with each of its ways to sign in, over TLS of a private CA,
// and behind a proxy that does what registries do on a bad day. What is looked
// at is what a user sees: the image that admission would store, and its
// warnings.
package registries
