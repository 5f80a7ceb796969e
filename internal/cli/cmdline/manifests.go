package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/manifest"
)

// manifestExtensions are those that kubectl knows of files in a folder.
var manifestExtensions = []string{".json", ".yaml", ".yml"}

// ManifestOptions are the flags that name files of manifests, as kubectl has them.
type ManifestOptions struct {
	names     []string
	recursive bool
}

// AddFlags adds the flags to a command. The usage says what the files are for.
func (o *ManifestOptions) AddFlags(flags *pflag.FlagSet, usage string) {
	flags.StringArrayVarP(&o.names, "filename", "f", nil, usage+"; a folder stands for its .json, .yaml and .yml files; may be repeated")
	flags.BoolVarP(&o.recursive, "recursive", "R", false, "read the folders inside of the folders of -f, too")
}

// Given tells whether a file is named.
func (o *ManifestOptions) Given() bool { return len(o.names) > 0 }

// Check refuses a file that is named twice, and what kubectl takes in place of one and this
// program does not: a URL, and a pattern that the shell left as it is.
func (o *ManifestOptions) Check() Faults {
	var faults Faults
	for i, name := range o.names {
		_, err := os.Stat(name)
		switch absent := errors.Is(err, fs.ErrNotExist); {
		case absent && strings.Contains(name, "://"):
			faults = append(faults, fmt.Sprintf("--filename: %q: a URL; allowed: files and folders, and - for what another program fetches", name))
		case absent && strings.ContainsAny(name, "*?["):
			faults = append(faults, fmt.Sprintf("--filename: %q: no file has this name; allowed: files and folders, and patterns without quotes, which the shell expands", name))
		}
		if slices.Contains(o.names[:i], name) {
			faults = append(faults, fmt.Sprintf("--filename: %q: given more than once", name))
		}
	}
	return faults
}

// Read reads all files before anything is done with one, and standard input where none is
// named. The files of a folder come in the order of their names.
func (o *ManifestOptions) Read(ctx context.Context, in io.Reader) ([]*manifest.Stream, error) {
	names, err := o.expand()
	if err != nil {
		return nil, err
	}
	files := make([]*manifest.Stream, 0, len(names))
	for _, name := range names {
		title, data, err := ReadFile(ctx, "manifests", name, in)
		if err != nil {
			return nil, err
		}
		file, err := manifest.Parse(title, data)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// expand puts the files of a folder in its place. A file that is also named by itself is
// refused, since its objects would be there twice.
func (o *ManifestOptions) expand() ([]string, error) {
	if !o.Given() {
		return []string{standardInput}, nil
	}
	var files, seen []string
	for _, name := range o.names {
		found := []string{name}
		if info, err := os.Stat(name); name != standardInput && err == nil && info.IsDir() {
			if found, err = o.folder(name); err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("--filename: %q: no manifests in this folder; allowed: files that end in .json, .yaml or .yml; with -R also in folders inside of it", name)
			}
		}
		for _, file := range found {
			path := filepath.Clean(file)
			if file != standardInput && path == standardInput {
				path = file // a file of that name
			}
			if slices.Contains(seen, path) {
				return nil, fmt.Errorf("--filename: %q: given more than once", file)
			}
			files, seen = append(files, file), append(seen, path)
		}
	}
	return files, nil
}

// folder lists the manifests of a folder by their paths, in order.
func (o *ManifestOptions) folder(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	var files []string
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		switch {
		case entry.IsDir() && o.recursive:
			inside, err := o.folder(name)
			if err != nil {
				return nil, err
			}
			files = append(files, inside...)
		case !entry.IsDir() && slices.Contains(manifestExtensions, filepath.Ext(name)):
			files = append(files, name)
		}
	}
	return files, nil
}
