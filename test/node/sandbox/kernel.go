//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const settingsRoot = "/proc/sys"

// kernelSettings are those that a kubelet sets for the whole machine, with the values that
// it wants.
func kernelSettings() map[string]string {
	return map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
}

// readSettings reads them below a root, /proc/sys. One that the kernel does not have is
// left out.
func readSettings(root string) (map[string]string, error) {
	values := map[string]string{}
	for name := range kernelSettings() {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the kernel's settings: %w", err)
		}
		values[name] = strings.TrimSpace(string(text))
	}
	return values, nil
}

// restoreSettings puts back what is not as before, and says so.
func restoreSettings(root string, before map[string]string, log io.Writer) error {
	now, err := readSettings(root)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if now[name] == before[name] {
			continue
		}
		fmt.Fprintf(log, "node: the kernel's %s has become %s; putting %s back\n", strings.ReplaceAll(name, "/", "."), now[name], before[name])
		errs = append(errs, os.WriteFile(filepath.Join(root, name), []byte(before[name]), 0o600))
	}
	return errors.Join(errs...)
}

// capSysResource is the number of the capability to lower the badness of processes in the
// eyes of the kernel's killer of processes, which root does not have everywhere.
const capSysResource = 24

// MayRaisePriority says whether this process may.
func MayRaisePriority() (bool, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false, err
	}
	_, after, _ := strings.Cut(string(text), "CapEff:")
	line, _, _ := strings.Cut(after, "\n")
	set, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		return false, fmt.Errorf("reading the capabilities of this process: %w", err)
	}
	return set&(1<<capSysResource) != 0, nil
}
