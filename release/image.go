package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/garboard-dev/garboard/release/image"
	"github.com/garboard-dev/garboard/release/sbom"
)

// image builds the image for the platforms, writes it as an OCI layout and pushes it.
func (r *request) image(ctx context.Context, out io.Writer) error {
	if err := r.checkPush(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "garboard-image-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	return r.imageBuiltIn(ctx, work, out)
}

func (r *request) imageBuiltIn(ctx context.Context, work string, out io.Writer) error {
	made, err := r.assemble(ctx, work)
	if err != nil {
		return err
	}
	digest, err := made.Digest()
	if err != nil {
		return err
	}
	folder := filepath.Join(r.folder, "image")
	if err := os.MkdirAll(r.folder, 0o750); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := made.WriteLayout(folder, r.version); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s is %s\n", folder, digest)
	for _, reference := range r.push {
		if err := made.Push(ctx, reference); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "pushed %s@%s\n", reference, digest)
	}
	return nil
}

// checkPush finds a bad reference before anything is built, which takes minutes.
func (r *request) checkPush() error {
	for _, reference := range r.push {
		if _, err := name.ParseReference(reference); err != nil {
			return fmt.Errorf("reading --push: %w", err)
		}
	}
	return nil
}

// assemble builds the programs of the image.
func (r *request) assemble(ctx context.Context, work string) (*image.Image, error) {
	beside, err := certificates(ctx, r.source)
	if err != nil {
		return nil, err
	}
	about := sbom.About{Version: r.version, Created: r.time(), Beside: beside}
	programs := make([]image.Program, 0, len(r.platforms))
	for _, platform := range r.platforms {
		path, err := compile(ctx, r.source, platform, r.version, work)
		if err != nil {
			return nil, err
		}
		bill, err := sbom.Write(path, about)
		if err != nil {
			return nil, err
		}
		system, architecture, _ := strings.Cut(platform, "/")
		programs = append(programs, image.Program{OS: system, Architecture: architecture, Path: path, SBOM: bill})
	}
	made, err := image.Assemble(image.About{Version: r.version, Revision: r.revision, Created: r.time()}, programs)
	if err != nil {
		return nil, err
	}
	return made, nil
}

// certificates are the module that the image's certificates come from, as go.mod has it.
func certificates(ctx context.Context, source string) ([]debug.Module, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", image.CertificatesModule) //nolint:gosec // the Go tool, with a constant
	list.Dir = source
	version, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("looking for the version of %q: %w", image.CertificatesModule, err)
	}
	return []debug.Module{{Path: image.CertificatesModule, Version: strings.TrimSpace(string(version))}}, nil
}
