package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

func TestFit(t *testing.T) {
	all := func(string) bool { return true }
	tests := map[string]struct {
		system string
		user   int
		debian bool
		has    func(string) bool
		reason string
	}{
		"root on Debian is fit":             {"linux", 0, true, all, ""},
		"another system is not":             {"darwin", 0, true, all, "it runs darwin"},
		"another user is not":               {"linux", 1000, true, all, "user 1000 is not root"},
		"another distribution is not":       {"linux", 0, false, all, "neither Debian"},
		"Debian without its tools is not":   {"linux", 0, true, func(tool string) bool { return tool != "dpkg-deb" }, "dpkg-deb is not in PATH"},
		"the first reason is told, no more": {"darwin", 1000, false, all, "it runs darwin"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := fit(test.system, test.user, test.debian, test.has)
			if test.reason == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var unfit *UnfitError
			if !errors.As(err, &unfit) || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v, want %q", err, test.reason)
			}
		})
	}
}

func TestIsDebian(t *testing.T) {
	tests := map[string]struct {
		release string
		want    bool
	}{
		"Debian":                          {"PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", true},
		"what is made from Debian":        {"ID=ubuntu\nID_LIKE=debian\n", true},
		"what is made from what is":       {"ID=pop\nID_LIKE=\"ubuntu debian\"\n", true},
		"another one":                     {"ID=\"rhel\"\nID_LIKE=\"fedora\"\n", false},
		"one with Debian in another line": {"ID=fedora\nNAME=debian\n", false},
		"one whose name begins like it":   {"ID=debianish\n", false},
		"nothing":                         {"", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isDebian(bufio.NewScanner(strings.NewReader(test.release))); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWhatAMachineRefusesMakesItUnfit(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		unfit bool
	}{
		"a file system that may only be read": {&fs.PathError{Op: "mkdir", Path: "/sys/fs/cgroup/x", Err: syscall.EROFS}, true},
		"a folder that may not be written":    {fmt.Errorf("making a group: %w", &fs.PathError{Op: "mkdir", Path: "/sys/fs/cgroup/x", Err: syscall.EACCES}), true},
		"an operation that is not permitted":  {errors.Join(syscall.EPERM, nil), true},
		"a disk that is full":                 {&fs.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var unfit *UnfitError
			if got := errors.As(unfitIfRefused(test.err), &unfit); got != test.unfit {
				t.Errorf("unfit: got %t, want %t", got, test.unfit)
			}
		})
	}
	if err := unfitIfRefused(nil); err != nil {
		t.Errorf("of no error it makes %v", err)
	}
}
