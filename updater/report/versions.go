package report

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Versions is what can be read of the versions of one container when a person asks: what
// images say of themselves, and why each higher tag was not taken.
type Versions struct {
	// Images are those that were asked for, in that order.
	Images []ImageVersion `json:"images"`
	// Chosen is the tag that the policy takes now, and Why is the reason, as a clause.
	Chosen string `json:"chosen,omitempty"`
	Why    string `json:"why,omitempty"`
	// Higher are the tags above the one that runs that are not taken, the highest first,
	// and More is how many there are beside those that are told.
	Higher []RejectedTag `json:"higher,omitempty"`
	More   int           `json:"more,omitempty"`
	// Fault is why nothing is told of tags, as a clause; empty where it is told.
	Fault string `json:"fault,omitempty"`
}

// ImageVersion is what one image says of itself. All of it but the digest is the word of
// who built the image.
type ImageVersion struct {
	// Version is what was asked for: TAG, TAG@DIGEST.
	Version string `json:"version"`
	Digest  string `json:"digest,omitempty"`
	// Created is when it was built; nil where the image does not say.
	Created *metav1.Time `json:"created,omitempty"`
	// Size is what SizeOf's layers take in the registry, in bytes; zero where it is not
	// told.
	Size      int64    `json:"size,omitempty"`
	SizeOf    string   `json:"sizeOf,omitempty"`
	Platforms []string `json:"platforms,omitempty"`
	// Source, Revision and URL are the annotations or labels of these names.
	Source   string `json:"source,omitempty"`
	Revision string `json:"revision,omitempty"`
	URL      string `json:"url,omitempty"`
	// Fault is why nothing is told, as a clause; empty where it is told.
	Fault string `json:"fault,omitempty"`
}

// RejectedTag is a tag that was not taken, and why, as a clause.
type RejectedTag struct {
	Tag string `json:"tag"`
	Why string `json:"why"`
}
