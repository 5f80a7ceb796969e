// Package registries tries what Garboard asks of registries against a real one:
// distribution v3 with each of its ways to sign in, over TLS of a private CA,
// and behind a proxy that does what registries do on a bad day. What is looked
// at is what a user sees: the image that admission would store, and its
// warnings; and what the registry sees: how often it is asked, with which
// credentials.
//
// Clocks are the test's own, so that no interval is waited for. What hangs ends
// with its request or its test.
package registries
