// Package configfile reads settings files: one YAML document, strict, in which
// each fault is told with its line; and the files that they name. It follows
// them as they change. What a file says is its reader's matter; no message here
// repeats a secret. It is pure but for the files.
package configfile

import (
	"fmt"
	"maps"
	"path/filepath"
)

// Format is what one kind of settings file has in common with itself alone.
type Format struct {
	// APIVersion and Kind are what the file says it is.
	APIVersion, Kind string
	// Secret are the keys whose values no message shows.
	Secret []string
	// Advice is what to say of an unknown key, given in lower case without
	// dashes, where that is more than a list of the known ones; "" is nothing.
	// Nil has no advice.
	Advice func(key string) string
}

// Parse reads a settings file. name is its path, which messages begin with; nil from
// are the files of its folder. The error is always of type [Faults], and holds all that
// is wrong. If the file is not plain YAML, that is the only fault, since the rest means nothing.
func Parse[T any](f Format, name string, data []byte, from *Files, read func(*Reader, Value) *T) (*T, error) {
	if from == nil {
		from = NewFiles(filepath.Dir(name))
	}
	r := &Reader{format: f, name: name, files: from}
	var c *T
	if root, ok := r.document(data); ok {
		c = read(r, root)
	}
	if faults := r.all(); len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// Reader goes through one file and gathers what is wrong with it.
type Reader struct {
	format Format
	name   string
	files  *Files
	faults Faults
	untold int // faults beyond the bound
}

// Root reads the mapping of the whole file: apiVersion and kind, which each settings file
// has, and its own fields. It returns what was given.
func (r *Reader) Root(at Value, own Fields) map[string]Value {
	known := maps.Clone(own)
	known["apiVersion"] = func(at Value) { r.exactly(at, r.format.APIVersion) }
	known["kind"] = func(at Value) { r.exactly(at, r.format.Kind) }
	given := r.Object(at, known)
	r.Need(at, given, "apiVersion", r.format.APIVersion)
	r.Need(at, given, "kind", r.format.Kind)
	return given
}

// Need asks for a key. A value that is no mapping has its fault already.
func (r *Reader) Need(at Value, given map[string]Value, key, allowed string) {
	if _, ok := given[key]; !ok && given != nil {
		r.Add(Fault{Line: at.Node.Line, Path: r.key(at, key, nil).Path, Problem: "required", Allowed: allowed})
	}
}

func (r *Reader) exactly(at Value, want string) {
	if got := r.Text(at, want); got != "" && got != want {
		r.Bad(at, "", want)
	}
}

// Once notes that a value is the same as one on an earlier line.
func (r *Reader) Once(at Value, line int, allowed string) {
	r.Bad(at, fmt.Sprintf("the same as on line %d", line), allowed)
}
