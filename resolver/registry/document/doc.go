// Package document reads what registries and token services write: pages of a list and
// the links between them, manifests and configurations of images, challenges, tokens.
// All of it is input from outside, and reading it is pure: bytes in, a value or an error
// of package failure out. Each reader is fuzzed by itself.
package document
