//go:build linux

package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCgroupsOf(t *testing.T) {
	tests := map[string]struct {
		mounts string
		want   Cgroups
		unfit  bool
	}{
		"version 2 alone": {
			mounts: "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n",
			want:   Cgroups{Unified: true, Hierarchies: []string{"/sys/fs/cgroup"}},
		},
		"version 1, with version 2 beside it": {
			mounts: "tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0\n" +
				"cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n",
			want: Cgroups{Hierarchies: []string{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"}},
		},
		"one that cannot be written counts for nothing": {
			mounts: "cgroup /sys/fs/cgroup/cpu cgroup ro,relatime,cpu 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n",
			want:   Cgroups{Hierarchies: []string{"/sys/fs/cgroup/memory"}},
		},
		"version 2 at another place counts for nothing": {
			mounts: "cgroup2 /mnt/cgroup cgroup2 rw 0 0\n",
			unfit:  true,
		},
		"none": {mounts: "proc /proc proc rw 0 0\n", unfit: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := cgroupsOf(test.mounts)
			var unfit *UnfitError
			if errors.As(err, &unfit) != test.unfit {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Folders stand for control groups.
func TestGroupsAreMadeAndRemoved(t *testing.T) {
	root := t.TempDir()
	cpuset, memory := filepath.Join(root, "cpuset"), filepath.Join(root, "memory")
	for _, dir := range []string{cpuset, memory} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(cpuset, "cpuset.cpus"), []byte("0-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Cgroups{Hierarchies: []string{cpuset, memory}}
	for _, name := range []string{"ours", "ours/1"} {
		if err := c.Make(name); err != nil {
			t.Fatal(err)
		}
	}
	inherited := filepath.Join(cpuset, "ours", "1", "cpuset.cpus")
	if text, err := os.ReadFile(inherited); err != nil || string(text) != "0-1" {
		t.Errorf("the group below has the processors %q: %v", text, err)
	}
	// A file of the kernel's goes with its group, one of a test does not.
	for _, file := range []string{inherited, filepath.Join(cpuset, "ours", "cpuset.cpus")} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.remove("ours"); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(cpuset, "cpuset.cpus")}, left); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	if err := c.remove("ours"); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
}

// Files stand for those that the kernel has in each control group of version 2.
func TestGroupsOfVersion2HandTheirControllersDown(t *testing.T) {
	root := t.TempDir()
	write := func(group, file, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(root, group), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, group, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what, group, text string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(root, group, handedDown)); err != nil || string(got) != text {
			t.Errorf("%s: it hands down %q, want %q: %v", what, got, text, err)
		}
	}
	write("", "cgroup.controllers", "cpu memory pids\n")
	write("", handedDown, "memory\n")
	write("ours", "cgroup.controllers", "cpu memory pids\n")
	write("ours", handedDown, "\n")
	c := Cgroups{Unified: true, Hierarchies: []string{root}}
	before, err := c.hands()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Make("ours"); err != nil {
		t.Fatal(err)
	}
	want("the first group lacks two", "", "+cpu +pids")
	want("a new group lacks all", "ours", "+cpu +memory +pids")

	write("", handedDown, "cpu memory pids\n") // what the kernel makes of it
	write("ours", handedDown, "cpu memory pids\n")
	if err := c.Make("ours"); err != nil {
		t.Fatal(err)
	}
	want("nothing is missing", "", "cpu memory pids\n")
	if err := c.restoreHands([]string{"memory", "pids"}); err != nil {
		t.Fatal(err)
	}
	want("one more than before is taken back", "", "-cpu")
	if diff := cmp.Diff([]string{"memory"}, before); diff != "" {
		t.Errorf("what it handed down before (-want +got):\n%s", diff)
	}
}

func TestVersion1HandsNothingDown(t *testing.T) {
	c := Cgroups{Hierarchies: []string{t.TempDir()}}
	if hands, err := c.hands(); err != nil || hands != nil {
		t.Errorf("got %q: %v", hands, err)
	}
	if err := c.restoreHands(nil); err != nil {
		t.Error(err)
	}
}
