package cmdline

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/garboard-dev/garboard/internal/manifest"
)

// ReadManifests reads all files before anything is done with one.
func ReadManifests(ctx context.Context, names []string, in io.Reader) ([]*manifest.Stream, error) {
	if len(names) == 0 {
		names = []string{StandardInput}
	}
	files := make([]*manifest.Stream, 0, len(names))
	for _, name := range names {
		title, data, err := readFile(ctx, name, in)
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

func readFile(ctx context.Context, name string, in io.Reader) (title string, data []byte, err error) {
	if name == StandardInput {
		data, err = ReadAll(ctx, in)
		return "standard input", data, err
	}
	data, err = os.ReadFile(name)
	if err != nil {
		return "", nil, fmt.Errorf("reading manifests: %w", err)
	}
	return name, data, nil
}
