// Package image assembles the container image from the built programs: an OCI index with an
// image a platform, each with its bill of materials attached. The same programs give the
// same digests, on any machine.
package image
