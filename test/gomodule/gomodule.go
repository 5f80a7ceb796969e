// Package gomodule reads files of Go modules that are no dependencies: their checksums are
// held by those who name them.
package gomodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// downloadLimit bounds the download of a module that the cache does not have.
const downloadLimit = 5 * time.Minute

// Module is one version of a module.
type Module struct {
	Path, Version string
	// Sum is the checksum that go.sum would have.
	Sum string
}

// Dir returns the module's folder in Go's module cache, into which it is downloaded if it is
// not there.
func (m Module) Dir(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.Path+"@"+m.Version)
	// Elsewhere, so that no go.sum of ours takes it in.
	download.Dir, download.Env = os.TempDir(), append(os.Environ(), "GOWORK=off", "GO111MODULE=on")
	out, err := download.Output()
	var got struct{ Dir, Sum, Error string }
	if err := errors.Join(err, json.Unmarshal(out, &got)); err != nil {
		return "", fmt.Errorf("downloading module %q: %w: %s", m.Path+"@"+m.Version, err, got.Error)
	}
	if got.Sum != m.Sum {
		return "", fmt.Errorf("downloading module %q: it has the checksum %s, want %s", m.Path+"@"+m.Version, got.Sum, m.Sum)
	}
	return got.Dir, nil
}
