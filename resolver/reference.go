package resolver

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// maxReference is longer than a host, a path, a tag and a digest together may be.
const maxReference = 1024

// Reference is an image reference as a manifest names it.
type Reference struct {
	// Name is what was written, without tag and digest: nginx.
	Name string
	// Repository is what that means: docker.io/library/nginx. The host is in
	// lower case, and index.docker.io is docker.io.
	Repository Repository
	// Tag and Digest are "" where none was written.
	Tag, Digest string
}

// ParseReference reads an image reference in the grammar that container
// runtimes use. The error quotes the image.
func ParseReference(image string) (Reference, error) {
	if len(image) > maxReference {
		return Reference{}, fmt.Errorf("parsing an image reference of %d characters: at most %d are allowed", len(image), maxReference)
	}
	if plain, ok := parsePlainReference(image); ok {
		return plain, nil
	}
	return parseAnyReference(image)
}

// parsePlainReference reads a tag alone behind a plain name, without the library, which is
// a tenth of its cost; see registry.PlainRepository. ok is false for all other images.
func parsePlainReference(image string) (r Reference, ok bool) {
	r.Name = image
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		r.Name, r.Tag = image[:colon], image[colon+1:]
		if !isPlainTag(r.Tag) {
			return Reference{}, false
		}
	}
	r.Repository, ok = registry.PlainRepository(r.Name)
	return r, ok
}

// isPlainTag reports whether a text is a tag of any kind.
func isPlainTag(tag string) bool {
	if len(tag) == 0 || len(tag) > 128 || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := range len(tag) {
		switch c := tag[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}

func parseAnyReference(image string) (Reference, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return Reference{}, fmt.Errorf("parsing image %q: %w", image, err)
	}
	repository, err := registry.NewRepository(named)
	if err != nil {
		return Reference{}, fmt.Errorf("parsing image %q: %w", image, err)
	}
	parsed := Reference{Name: image, Repository: repository}
	if digested, ok := named.(reference.Digested); ok {
		parsed.Digest = digested.Digest().String()
		parsed.Name = strings.TrimSuffix(parsed.Name, "@"+parsed.Digest)
	}
	if tagged, ok := named.(reference.Tagged); ok {
		parsed.Tag = tagged.Tag()
		parsed.Name = strings.TrimSuffix(parsed.Name, ":"+parsed.Tag)
	}
	return parsed, nil
}

// TagOrLatest is the tag, or the one that a missing tag means.
func (r Reference) TagOrLatest() string {
	if r.Tag == "" {
		return "latest"
	}
	return r.Tag
}

// With is the reference with another tag and digest, each left out where it is
// "". The name keeps its spelling.
func (r Reference) With(tag, digest string) string {
	image := r.Name
	if tag != "" {
		image += ":" + tag
	}
	if digest != "" {
		image += "@" + digest
	}
	return image
}

// String is the reference as it was written.
func (r Reference) String() string { return r.With(r.Tag, r.Digest) }
