package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/garboard-dev/garboard/release/image"
	"github.com/garboard-dev/garboard/release/sbom"
)

// kind is an image of a release.
type kind struct {
	// name is that of its repository, and folder that of its layout.
	name, folder       string
	title, description string
	// tags are those of its program.
	tags string
}

// images are what a release has: the servers, and the page, which is the whole program. What
// answers the API server has no HTML in it.
func images() []kind {
	return []kind{
		{name: "garboard", folder: "image", tags: serversTags},
		{name: "garboard-page", folder: "image-page", title: "Garboard page", description: "Shows in a browser which images Garboard moves, holds and waits for"},
	}
}

// buildImages builds the images that are asked for, writes them as OCI layouts and pushes them.
func (r *request) buildImages(ctx context.Context, out io.Writer) error {
	if err := r.checkPush(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "garboard-image-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	return r.imagesBuiltIn(ctx, work, out)
}

func (r *request) imagesBuiltIn(ctx context.Context, work string, out io.Writer) error {
	if err := os.MkdirAll(r.folder, 0o750); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	for _, kind := range images() {
		if !slices.Contains(r.images, kind.name) {
			continue
		}
		if err := r.imageBuiltIn(ctx, kind, work, out); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) imageBuiltIn(ctx context.Context, kind kind, work string, out io.Writer) error {
	made, err := r.assemble(ctx, kind, work)
	if err != nil {
		return err
	}
	digest, err := made.Digest()
	if err != nil {
		return err
	}
	folder := filepath.Join(r.folder, kind.folder)
	if err := made.WriteLayout(folder, r.version); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s is %s\n", folder, digest)
	for _, reference := range r.push {
		reference, err := kind.beside(reference)
		if err != nil {
			return err
		}
		if err := made.Push(ctx, reference); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "pushed %s@%s\n", reference, digest)
	}
	return nil
}

// beside is where an image is pushed: the servers' to the reference that is given, another
// into the repository whose name has the end of its own.
func (k kind) beside(servers string) (string, error) {
	reference, err := name.ParseReference(servers)
	if err != nil {
		return "", fmt.Errorf("reading --push: %w", err)
	}
	tag, ok := reference.(name.Tag)
	if !ok {
		return "", fmt.Errorf("reading --push: %q: a tag is wanted, not a digest", servers)
	}
	end := strings.TrimPrefix(k.name, images()[0].name)
	if end == "" {
		return servers, nil
	}
	return tag.Repository.Name() + end + ":" + tag.TagStr(), nil
}

// checkPush finds a bad reference before anything is built, which takes minutes.
func (r *request) checkPush() error {
	for _, reference := range r.push {
		if _, err := images()[0].beside(reference); err != nil {
			return err
		}
	}
	return nil
}

// assemble builds the programs of an image.
func (r *request) assemble(ctx context.Context, kind kind, work string) (*image.Image, error) {
	beside, err := certificates(ctx, r.source)
	if err != nil {
		return nil, err
	}
	about := sbom.About{Version: r.version, Created: r.time(), Beside: beside}
	programs := make([]image.Program, 0, len(r.platforms))
	for _, platform := range r.platforms {
		path, err := compile(ctx, r.source, platform, r.version, kind.tags, work)
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
	made, err := image.Assemble(image.About{
		Title: kind.title, Description: kind.description, Version: r.version, Revision: r.revision, Created: r.time(),
	}, programs)
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
