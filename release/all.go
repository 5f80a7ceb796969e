package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/garboard-dev/garboard/release/artifact"
	"github.com/garboard-dev/garboard/release/sbom"
)

// all makes all files of a release. The folder is the release's own: what an earlier one
// left in it is removed.
func (r *request) all(ctx context.Context, out io.Writer) error {
	if err := artifact.CheckVersion(r.version); err != nil {
		return err
	}
	if err := r.checkPush(); err != nil {
		return err
	}
	if err := emptied(r.folder); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "garboard-release-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()

	w := &artifact.Writer{Folder: r.folder, Source: r.source, Version: r.version, Created: r.time()}
	if err := r.archives(ctx, w, work); err != nil {
		return err
	}
	if err := r.imagesBuiltIn(ctx, work, out); err != nil {
		return err
	}
	for _, step := range []func() error{
		w.Chart, w.Install, w.CustomResources,
		func() error { return r.completions(ctx, w, work) },
		func() error { return r.manual(ctx, w, work) },
		w.Checksums,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out, "%s has the release %s\n", r.folder, r.version)
	return nil
}

// emptied makes the folder, or empties it of an earlier release or image. It leaves a list of
// checksums with nothing in it, by which the next run knows the folder if this one does not end.
func emptied(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("looking into %q: %w", folder, err)
	}
	ours := !slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return !slices.ContainsFunc(images(), func(k kind) bool { return k.folder == entry.Name() })
	})
	if _, err := os.Stat(filepath.Join(folder, artifact.Sums)); err != nil && !ours {
		return fmt.Errorf("%q has files, and is no folder of a release: name another", folder)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("removing the earlier release: %w", err)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, artifact.Sums), nil, 0o644); err != nil { //nolint:gosec // as all of a release
		return fmt.Errorf("making the folder: %w", err)
	}
	return nil
}

// archives builds the programs, and writes an archive and a bill of materials of each.
func (r *request) archives(ctx context.Context, w *artifact.Writer, work string) error {
	var built []artifact.Built
	for _, platform := range r.programs {
		path, err := compile(ctx, r.source, platform, r.version, "", work)
		if err != nil {
			return err
		}
		system, architecture, _ := strings.Cut(platform, "/")
		archive, err := w.Archive(system, architecture, path)
		if err != nil {
			return err
		}
		bill, err := sbom.Write(path, sbom.About{Version: r.version, Created: r.time()})
		if err != nil {
			return err
		}
		if err := w.Write(archive+".spdx.json", bill); err != nil {
			return err
		}
		built = append(built, artifact.Built{OS: system, Architecture: architecture, Archive: archive})
	}
	return w.Krew(built)
}

// completions are those of the program itself, as it is on this machine.
func (r *request) completions(ctx context.Context, w *artifact.Writer, work string) error {
	program, err := compile(ctx, r.source, runtime.GOOS+"/"+runtime.GOARCH, r.version, "", work)
	if err != nil {
		return err
	}
	folder := filepath.Join(work, "completions")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("making a folder for completions: %w", err)
	}
	for _, shell := range []string{"bash", "fish", "powershell", "zsh"} {
		script, err := exec.CommandContext(ctx, program, "completion", shell).Output() //nolint:gosec // the program that was just built
		if err != nil {
			return fmt.Errorf("asking the program for the completion of %s: %w", shell, err)
		}
		if err := os.WriteFile(filepath.Join(folder, "garboard."+shell), script, 0o600); err != nil {
			return fmt.Errorf("writing the completion of %s: %w", shell, err)
		}
	}
	return w.Pack("garboard_"+r.version+"_completions.tar.gz", folder)
}

// manual is a page for each command.
func (r *request) manual(ctx context.Context, w *artifact.Writer, work string) error {
	folder := filepath.Join(work, "manual")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("making a folder for manual pages: %w", err)
	}
	args := slices.Concat([]string{"run"}, compilerFlags(),
		[]string{"-tags=manpages", command, folder, r.version, strconv.FormatInt(r.created, 10)})
	pages := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the Go tool
	pages.Dir = r.source
	pages.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := pages.CombinedOutput(); err != nil {
		return fmt.Errorf("writing the manual pages: %w\n%s", err, out)
	}
	return w.Pack("garboard_"+r.version+"_manual.tar.gz", folder)
}
