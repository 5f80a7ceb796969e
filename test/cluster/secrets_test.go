package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteVolume(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	write := func(files map[string][]byte) (version string) {
		t.Helper()
		if err := writeVolume(dir, files); err != nil {
			t.Fatal(err)
		}
		version, err := os.Readlink(filepath.Join(dir, dataLink))
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	read := func() map[string]string {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range entries {
			if e.Name()[0] == '.' {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			got[e.Name()] = string(text)
		}
		return got
	}

	first := write(map[string][]byte{"tls.crt": []byte("c1"), "tls.key": []byte("k1"), "ca.crt": []byte("a")})
	if diff := cmp.Diff(map[string]string{"tls.crt": "c1", "tls.key": "k1", "ca.crt": "a"}, read()); diff != "" {
		t.Errorf("first version (-want +got):\n%s", diff)
	}
	// A watcher must not see an event for nothing.
	if again := write(map[string][]byte{"tls.crt": []byte("c1"), "tls.key": []byte("k1"), "ca.crt": []byte("a")}); again != first {
		t.Errorf("the same content made a new version %q after %q", again, first)
	}
	second := write(map[string][]byte{"tls.crt": []byte("c2"), "tls.key": []byte("k2")})
	if diff := cmp.Diff(map[string]string{"tls.crt": "c2", "tls.key": "k2"}, read()); diff != "" {
		t.Errorf("second version, without a key (-want +got):\n%s", diff)
	}
	if second == first {
		t.Error("new content is in the old folder: a reader could see half of it")
	}
	if _, err := os.Stat(filepath.Join(dir, first)); !os.IsNotExist(err) {
		t.Errorf("the old version is still there: %v", err)
	}
}
