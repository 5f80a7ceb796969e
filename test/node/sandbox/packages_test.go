//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInstalledByApt(t *testing.T) {
	const simulated = `Reading package lists...
The following NEW packages will be installed:
  libnftables1 nftables runc
Inst nftables (1.0.6-2+deb12u2 Debian:12.11/stable [amd64])
Inst libnftables1 [1.0.0] (1.0.6-2+deb12u2 Debian:12.11/stable [amd64])
Inst runc (1.1.5+ds1-1+deb12u1 Debian:12.11/stable [amd64]) []
Conf runc (1.1.5+ds1-1+deb12u1 Debian:12.11/stable [amd64])
`
	want := []string{"libnftables1 1.0.6-2+deb12u2", "nftables 1.0.6-2+deb12u2", "runc 1.1.5+ds1-1+deb12u1"}
	if diff := cmp.Diff(want, installed(simulated)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// On a machine whose /lib leads to /usr/lib, a package may still name the former.
func TestUsrIsMerged(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"lib/x86_64-linux-gnu/libmnl.so.0", "usr/lib/x86_64-linux-gnu/libnftables.so.1", "sbin/ip"} {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := mergeUsr(root); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"usr/lib/x86_64-linux-gnu/libmnl.so.0", "usr/lib/x86_64-linux-gnu/libnftables.so.1", "usr/sbin/ip", "etc"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "lib")); !os.IsNotExist(err) {
		t.Errorf("/lib is still there: %v", err)
	}
}
