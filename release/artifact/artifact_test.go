package artifact_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/release/artifact"
)

// released writes all that is made of the repository and of a program.
func released(t *testing.T) (folder string, archives []artifact.Built) {
	t.Helper()
	w := &artifact.Writer{Folder: t.TempDir(), Source: "../..", Version: "v1.2.3-rc.1", Created: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)}
	for system, name := range map[string]string{"linux": "garboard", "windows": "garboard.exe"} {
		program := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(program, []byte("for "+system), 0o600))
		archive, err := w.Archive(system, "amd64", program)
		must(t, err)
		archives = append(archives, artifact.Built{OS: system, Architecture: "amd64", Archive: archive})
	}
	slices.SortFunc(archives, func(a, b artifact.Built) int { return strings.Compare(a.OS, b.OS) })
	must(t, w.Krew(archives))
	must(t, w.Chart())
	must(t, w.Install())
	must(t, w.CustomResources())
	pages := t.TempDir()
	must(t, os.WriteFile(filepath.Join(pages, "garboard.1"), []byte("a page"), 0o600))
	must(t, w.Pack("manual.tar.gz", pages))
	must(t, w.Checksums())
	return w.Folder, archives
}

func TestSameInputGivesSameBytes(t *testing.T) {
	first, _ := released(t)
	second, _ := released(t)
	one, two := filesIn(t, first), filesIn(t, second)
	if len(one) < 8 {
		t.Fatalf("there are just %v", slices.Sorted(maps.Keys(one)))
	}
	for name, data := range one {
		if !bytes.Equal(data, two[name]) {
			t.Errorf("%s differs from one time to the next", name)
		}
	}
}

func filesIn(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	}))
	return files
}

func TestArchives(t *testing.T) {
	folder, _ := released(t)
	licence, err := os.ReadFile("../../LICENSE")
	must(t, err)
	for name, program := range map[string]string{"linux_amd64.tar.gz": "garboard", "windows_amd64.zip": "garboard.exe"} {
		system, _, _ := strings.Cut(name, "_")
		want := map[string]string{program: "0755 for " + system, "LICENSE": "0644 " + string(licence)}
		if got := unpacked(t, filepath.Join(folder, "garboard_v1.2.3-rc.1_"+name)); !maps.Equal(got, want) {
			t.Errorf("%s: %s", name, cmp.Diff(want, got))
		}
	}
}

// unpacked are the files of an archive, each with its mode before its text.
func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	files := map[string]string{}
	if strings.HasSuffix(path, ".zip") {
		archive, err := zip.OpenReader(path)
		must(t, err)
		defer func() { must(t, archive.Close()) }()
		for _, file := range archive.File {
			reader, err := file.Open()
			must(t, err)
			data, err := io.ReadAll(reader)
			must(t, err)
			files[file.Name] = mode(file.Mode()) + string(data)
		}
		return files
	}
	data, err := os.ReadFile(path)
	must(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(data))
	must(t, err)
	for archive := tar.NewReader(reader); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		data, err := io.ReadAll(archive)
		must(t, err)
		files[header.Name] = mode(header.FileInfo().Mode()) + string(data)
	}
}

func mode(of fs.FileMode) string {
	if of.Perm()&0o111 != 0 {
		return "0755 "
	}
	return "0644 "
}

func TestChartHasTheVersion(t *testing.T) {
	folder, _ := released(t)
	files := unpacked(t, filepath.Join(folder, "garboard-1.2.3-rc.1.tgz"))
	for _, name := range []string{"garboard/values.yaml", "garboard/values.schema.json", "garboard/templates/_pods.tpl", "garboard/templates/tests/doctor.yaml"} {
		if files[name] == "" {
			t.Errorf("the chart has no %s", name)
		}
	}
	var chart struct{ Name, Version, AppVersion string }
	must(t, yaml.Unmarshal([]byte(strings.TrimPrefix(files["garboard/Chart.yaml"], "0644 ")), &chart))
	if chart.Name != "garboard" || chart.Version != "1.2.3-rc.1" || chart.AppVersion != "1.2.3-rc.1" {
		t.Errorf("the chart is %+v", chart)
	}
}

func TestInstallNamesTheImageOfTheVersion(t *testing.T) {
	folder, _ := released(t)
	text, err := os.ReadFile(filepath.Join(folder, "install.yaml"))
	must(t, err)
	if got := strings.Count(string(text), "image: ghcr.io/garboard-dev/garboard:v1.2.3-rc.1\n"); got != 2 {
		t.Errorf("the image of the version is named %d times, want twice: by the webhook and the updater", got)
	}
	if got := strings.Count(string(text), "image: "); got != 2 {
		t.Errorf("%d images are named, want 2", got)
	}
}

func TestCustomResources(t *testing.T) {
	folder, _ := released(t)
	text, err := os.ReadFile(filepath.Join(folder, "crds.yaml"))
	must(t, err)
	documents := strings.Split(string(text), "---\n")[1:]
	if len(documents) == 0 {
		t.Fatal("there are none")
	}
	for _, document := range documents {
		var object struct{ Kind string }
		must(t, yaml.UnmarshalStrict([]byte(document), &map[string]any{}))
		must(t, yaml.Unmarshal([]byte(document), &object))
		if object.Kind != "CustomResourceDefinition" {
			t.Errorf("there is a %q among them", object.Kind)
		}
	}
}

func TestChecksums(t *testing.T) {
	folder, _ := released(t)
	files := filesIn(t, folder)
	var named []string
	for line := range strings.Lines(string(files["SHA256SUMS"])) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sum := sha256.Sum256(files[name])
		if hex.EncodeToString(sum[:]) != want {
			t.Errorf("the checksum of %s is wrong", name)
		}
		named = append(named, name)
	}
	want := []string{"crds.yaml", "garboard-1.2.3-rc.1.tgz", "garboard_v1.2.3-rc.1_linux_amd64.tar.gz", "garboard_v1.2.3-rc.1_windows_amd64.zip", "install.yaml", "manual.tar.gz"}
	if !slices.Equal(named, want) {
		t.Errorf("they are of other files:\n%s", cmp.Diff(want, named))
	}
}

func TestKrewManifest(t *testing.T) {
	folder, archives := released(t)
	text, err := os.ReadFile(filepath.Join(folder, "krew", "garboard.yaml"))
	must(t, err)
	var plugin struct {
		Metadata struct{ Name string }
		Spec     struct {
			Version   string
			Platforms []struct{ URI, SHA256, Bin string }
		}
	}
	must(t, yaml.Unmarshal(text, &plugin))
	if plugin.Metadata.Name != "garboard" || plugin.Spec.Version != "v1.2.3-rc.1" || len(plugin.Spec.Platforms) != len(archives) {
		t.Fatalf("the plugin is %+v", plugin)
	}
	for i, platform := range plugin.Spec.Platforms {
		data, err := os.ReadFile(filepath.Join(folder, archives[i].Archive))
		must(t, err)
		sum := sha256.Sum256(data)
		if platform.SHA256 != hex.EncodeToString(sum[:]) || !strings.HasSuffix(platform.URI, "/releases/download/v1.2.3-rc.1/"+archives[i].Archive) {
			t.Errorf("%s: %+v", archives[i].Archive, platform)
		}
		if _, ok := unpacked(t, filepath.Join(folder, archives[i].Archive))[platform.Bin]; !ok {
			t.Errorf("%s has no %s", archives[i].Archive, platform.Bin)
		}
	}
}

func TestVersionsOfReleases(t *testing.T) {
	for version, ok := range map[string]bool{
		"v0.1.0": true, "v1.22.333": true, "v1.2.3-rc.1": true,
		"1.2.3": false, "v1.2": false, "v01.2.3": false, "v1.2.3+build": false, "ac97d7b": false, "v1.2.3-": false, "": false,
	} {
		if err := artifact.CheckVersion(version); (err == nil) != ok {
			t.Errorf("%q: got %v", version, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
