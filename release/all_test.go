package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolderOfAReleaseIsEmptied(t *testing.T) {
	tests := map[string]struct {
		before  []string // files, and folders that end in a slash
		refused bool
	}{
		"none is there":                           {},
		"it is empty":                             {before: []string{"./"}},
		"a release":                               {before: []string{"SHA256SUMS", "install.yaml", "image/"}},
		"images alone":                            {before: []string{"image/", "image-page/"}},
		"files of another kind":                   {before: []string{"thesis.txt"}, refused: true},
		"files of another kind, with an image":    {before: []string{"thesis.txt", "image/"}, refused: true},
		"an archive without a list, of elsewhere": {before: []string{"garboard_v0.1.0_linux_amd64.tar.gz"}, refused: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "release")
			for _, file := range test.before {
				at := filepath.Join(folder, file)
				if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(file, "/") {
					if err := os.MkdirAll(at, 0o700); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err := os.WriteFile(at, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := emptied(folder)
			if test.refused {
				if err == nil || !strings.Contains(err.Error(), "name another") {
					t.Errorf("it was taken: %v", err)
				}
				if _, err := os.Stat(filepath.Join(folder, test.before[0])); err != nil {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			// A run that is interrupted leaves what it has written, and the next takes the folder.
			if err := os.WriteFile(filepath.Join(folder, "garboard_v0.1.0_linux_amd64.tar.gz"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := emptied(folder); err != nil {
				t.Errorf("after an interrupted run: %v", err)
			}
			if left, err := filepath.Glob(filepath.Join(folder, "garboard*")); err != nil || len(left) > 0 {
				t.Errorf("an interrupted run leaves %q: %v", left, err)
			}
		})
	}
}
