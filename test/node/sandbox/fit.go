package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// UnfitError says why no sandbox can be made on this machine.
type UnfitError struct{ Reason string }

func (e *UnfitError) Error() string { return "this machine cannot run a node: " + e.Reason }

// Fit returns an UnfitError where the machine is not one that a sandbox can be made on.
func Fit() error {
	release, err := os.Open("/etc/os-release")
	debian := false
	if err == nil {
		debian = isDebian(bufio.NewScanner(release))
		_ = release.Close() // it was read
	}
	return fit(runtime.GOOS, os.Geteuid(), debian, func(tool string) bool {
		_, err := exec.LookPath(tool)
		return err == nil
	})
}

func fit(system string, user int, debian bool, has func(tool string) bool) error {
	if system != "linux" {
		return &UnfitError{fmt.Sprintf("it runs %s, and a kubelet needs Linux", system)}
	}
	if user != 0 {
		return &UnfitError{fmt.Sprintf("user %d is not root, who alone may make namespaces, mounts and control groups", user)}
	}
	if !debian {
		return &UnfitError{"it is neither Debian nor made from it, whose packages the container runtime comes from"}
	}
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if !has(tool) {
			return &UnfitError{fmt.Sprintf("%s is not in PATH", tool)}
		}
	}
	return nil
}

// unfitIfRefused turns what a machine does not allow, such as control groups in a container
// that may only read them, into an UnfitError.
func unfitIfRefused(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &UnfitError{err.Error()}
	}
	return err
}

// isDebian reads the text of /etc/os-release.
func isDebian(lines *bufio.Scanner) bool {
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if name != "ID" && name != "ID_LIKE" {
			continue
		}
		if slices.Contains(strings.Fields(strings.Trim(value, `"'`)), "debian") {
			return true
		}
	}
	return false
}
