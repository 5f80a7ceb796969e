package cmdline

import (
	"context"
	"io"

	"github.com/garboard-dev/garboard/internal/manifest"
)

// ReadManifests reads all files before anything is done with one.
func ReadManifests(ctx context.Context, names []string, in io.Reader) ([]*manifest.Stream, error) {
	if len(names) == 0 {
		names = []string{standardInput}
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
