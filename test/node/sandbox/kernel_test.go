//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChangedSettingsArePutBack(t *testing.T) {
	root := t.TempDir()
	write := func(name, value string) {
		t.Helper()
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("vm/overcommit_memory", "0\n")
	write("kernel/panic", "5\n")
	before, err := readSettings(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"vm/overcommit_memory": "0", "kernel/panic": "5"}, before); diff != "" {
		t.Errorf("what was read (-want +got):\n%s", diff)
	}
	write("kernel/panic", "10\n")
	var said strings.Builder
	if err := restoreSettings(root, before, &said); err != nil {
		t.Fatal(err)
	}
	after, err := readSettings(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("before and after (-before +after):\n%s", diff)
	}
	if want := "node: the kernel's kernel.panic has become 10; putting 5 back\n"; said.String() != want {
		t.Errorf("it said %q", said.String())
	}
}
