package artifact

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name string
	mode int64
	data []byte
}

// Archive writes the archive of a program, with the licence, and returns its name. For
// Windows it is a zip, for others a tar.gz.
func (w *Writer) Archive(system, architecture, program string) (string, error) {
	binary, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("reading the program: %w", err)
	}
	licence, err := w.read("LICENSE")
	if err != nil {
		return "", err
	}
	name := "garboard_" + w.Version + "_" + system + "_" + architecture
	entries := []entry{{filepath.Base(program), 0o755, binary}, {"LICENSE", 0o644, licence}}
	pack := targz
	if system == "windows" {
		name, pack = name+".zip", zipped
	} else {
		name += ".tar.gz"
	}
	data, err := pack(entries, w.Created)
	if err != nil {
		return "", fmt.Errorf("packing %q: %w", name, err)
	}
	return name, w.Write(name, data)
}

func targz(entries []entry, created time.Time) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	to := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: created}
		if err := to.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := to.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func zipped(entries []entry, created time.Time) ([]byte, error) {
	var out bytes.Buffer
	to := zip.NewWriter(&out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: created.UTC()}
		header.SetMode(os.FileMode(e.mode)) //nolint:gosec // bits of a mode
		file, err := to.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(file, bytes.NewReader(e.data)); err != nil {
			return nil, err
		}
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Pack packs the files of a folder, such as completions, under their own names.
func (w *Writer) Pack(name, folder string) error {
	entries, err := entriesOf(os.DirFS(folder), "")
	if err != nil {
		return fmt.Errorf("reading the files of %q: %w", name, err)
	}
	data, err := targz(entries, w.Created)
	if err != nil {
		return fmt.Errorf("packing %q: %w", name, err)
	}
	return w.Write(name, data)
}

// chartName is the chart's, and the folder's in its archive.
const chartName = "garboard"

// Chart writes the chart with its version and that of the program.
func (w *Writer) Chart() error {
	version := strings.TrimPrefix(w.Version, "v")
	folder := os.DirFS(filepath.Join(w.Source, "manifests", "chart"))
	entries, err := entriesOf(folder, chartName+"/")
	if err != nil {
		return fmt.Errorf("reading the chart: %w", err)
	}
	for i, e := range entries {
		if e.name == chartName+"/Chart.yaml" {
			entries[i].data = withVersion(e.data, version)
		}
	}
	data, err := targz(entries, w.Created)
	if err != nil {
		return fmt.Errorf("packing the chart: %w", err)
	}
	return w.Write(chartName+"-"+version+".tgz", data)
}
