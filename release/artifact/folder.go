package artifact

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
)

// entriesOf are the files of a folder in the order of their names, but for those that an
// editor or a system left, as .helmignore has them.
func entriesOf(folder fs.FS, prefix string) ([]entry, error) {
	var entries []entry
	err := fs.WalkDir(folder, ".", func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() || left(file.Name()) {
			return err
		}
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return fmt.Errorf("reading %q: %w", name, err)
		}
		entries = append(entries, entry{prefix + name, 0o644, data})
		return nil
	})
	return entries, err
}

func left(name string) bool {
	for _, pattern := range []string{".DS_Store", "*.orig", "*.swp", "*.tmp"} {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

var versions = regexp.MustCompile(`(?m)^((?:appVersion|version): ).*$`)

// withVersion sets both versions of a Chart.yaml.
func withVersion(chart []byte, version string) []byte {
	return versions.ReplaceAll(chart, []byte("${1}"+version))
}
