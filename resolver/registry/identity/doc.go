// Package identity makes registry credentials of Garboard's own cloud identity:
// the IAM role, Google service account or Azure managed identity that the
// cluster gives to Garboard's pods.
//
// A registry is recognised by its host name alone, and its cloud is asked only
// once an image there is named. A token is kept until it ends, renewed ahead of
// that beside the callers, and a failure is remembered, so that neither a cloud
// that hangs nor a cluster without an identity costs an admission its time.
//
// The tokens come from the clouds' own SDKs and not from the credential helpers
// that go-containerregistry can use. Those turn every error into "anonymous"
// (amazon-ecr-credential-helper), keep the first answer for ever and run gcloud
// (google.Keychain), or are no longer maintained (docker-credential-acr-env).
package identity
