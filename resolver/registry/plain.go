package registry

import "strings"

// maxPlain is where plainRepository leaves a name to the library: shorter than all of its
// bounds.
const maxPlain = 200

// PlainRepository reads the names that nearly all images have, to the same result as
// NewRepository of the reference that the library parses: `host.example/a/b` and `nginx`, in
// lower case, with single separators. ok is false for all others, right or wrong, which the
// library then reads. It is here because admission reads about four references a container,
// and the library's regular expressions took an eighth of an admission's time and memory;
// this takes a hundredth and copies nothing. A fuzz target holds both to be the same.
func PlainRepository(name string) (r Repository, ok bool) {
	if len(name) == 0 || len(name) > maxPlain {
		return Repository{}, false
	}
	first, rest, parts := strings.Cut(name, "/")
	if !parts || !strings.ContainsAny(first, ".:") { // Docker Hub's short form
		if first == "localhost" || !isPlainPath(name) || !parts && isIdentifier(name) {
			return Repository{}, false
		}
		if !parts {
			name = "library/" + name
		}
		return Repository{name: dockerHub + "/" + name, host: len(dockerHub)}, true
	}
	// The library has rules of its own for docker.io and its other names.
	if strings.HasSuffix(first, dockerHub) || !isPlainHost(first) || !isPlainPath(rest) {
		return Repository{}, false
	}
	return Repository{name: name, host: len(first)}, true
}

// isPlainHost: labels of lower-case letters, digits and inner dashes, with a port or without.
func isPlainHost(host string) bool {
	labels, port, hasPort := strings.Cut(host, ":")
	if hasPort && (port == "" || port[0] == '0' || strings.Trim(port, "0123456789") != "") {
		return false
	}
	return isPlain(labels, ".", "-")
}

// isPlainPath: parts of lower-case letters and digits, each with single separators inside.
func isPlainPath(path string) bool { return isPlain(path, "/", "._-") }

// isPlain reports whether a text is made of lower-case letters and digits, with one
// separator or one inner character at a time between them.
func isPlain(text, separators, inner string) bool {
	after := false // a letter or digit
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			after = true
		case after && (strings.IndexByte(separators, c) >= 0 || strings.IndexByte(inner, c) >= 0):
			after = false
		default:
			return false
		}
	}
	return after
}

// isIdentifier reports whether a name is one of an image by its ID, which is no reference.
func isIdentifier(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}
