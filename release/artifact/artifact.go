// Package artifact makes the files of a release from the built programs and the repository:
// archives, the chart, manifests, krew's manifest and checksums. The same input gives the
// same bytes.
package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Image is the repository that the manifests name.
const Image = "ghcr.io/garboard-dev/garboard"

// Downloads is where the files of a release are fetched from, and Home the project's page.
const (
	Home      = "https://github.com/garboard-dev/garboard"
	Downloads = Home + "/releases/download/"
)

var releaseVersion = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

// CheckVersion returns an error if a version is none that a chart may have.
func CheckVersion(version string) error {
	if !releaseVersion.MatchString(version) {
		return fmt.Errorf("the version is %q; allowed: vMAJOR.MINOR.PATCH, and a pre-release such as v0.2.0-rc.1", version)
	}
	return nil
}

// Writer writes files into a folder.
type Writer struct {
	Folder string
	// Source is the repository.
	Source  string
	Version string
	// Created is the time of all that has one.
	Created time.Time
}

// Write writes a file.
func (w *Writer) Write(name string, data []byte) error {
	path := filepath.Join(w.Folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("making the folder of %q: %w", name, err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // for all to read
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

func (w *Writer) read(name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(w.Source, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("reading %q of the repository: %w", name, err)
	}
	return data, nil
}

// Install writes install.yaml, with the image of the version.
func (w *Writer) Install() error {
	text, err := w.read("manifests/install.yaml")
	if err != nil {
		return err
	}
	reference := regexp.MustCompile(`(?m)(image: ` + regexp.QuoteMeta(Image) + `):\S+$`)
	if !reference.Match(text) {
		return errors.New("manifests/install.yaml has no image of " + Image)
	}
	return w.Write("install.yaml", reference.ReplaceAll(text, []byte("${1}:"+w.Version)))
}

// CustomResources writes crds.yaml: what has to be there before the chart is installed by a
// tool that installs no CRDs.
func (w *Writer) CustomResources() error {
	files, err := filepath.Glob(filepath.Join(w.Source, "manifests", "base", "crds", "*.yaml"))
	if err != nil {
		return fmt.Errorf("looking for CRDs: %w", err)
	}
	if len(files) == 0 {
		return errors.New("manifests/base/crds has no CRDs")
	}
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading a CRD: %w", err)
		}
		text := strings.TrimPrefix(strings.TrimSpace(string(data)), "---\n")
		all.WriteString("---\n" + text + "\n")
	}
	return w.Write("crds.yaml", []byte(all.String()))
}

// Sums is the file with the checksums, which each folder of a release has.
const Sums = "SHA256SUMS"

// Checksums writes SHA256SUMS, which sha256sum --check reads, of the files in the folder.
// Folders are left out: the image's layout has a digest for each of its files.
func (w *Writer) Checksums() error {
	entries, err := os.ReadDir(w.Folder)
	if err != nil {
		return fmt.Errorf("looking for the files of the release: %w", err)
	}
	var lines []string
	for _, entry := range entries {
		if entry.IsDir() || entry.Name() == Sums {
			continue
		}
		sum, err := checksum(filepath.Join(w.Folder, entry.Name()))
		if err != nil {
			return err
		}
		lines = append(lines, sum+"  "+entry.Name()+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[sha256.Size*2:], b[sha256.Size*2:]) })
	return w.Write(Sums, []byte(strings.Join(lines, "")))
}

func checksum(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("computing a checksum: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
