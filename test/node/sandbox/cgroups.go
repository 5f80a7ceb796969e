//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const cgroupRoot = "/sys/fs/cgroup"

// Cgroups is how this machine has its control groups.
type Cgroups struct {
	// Unified is version 2 alone; otherwise all or some controllers are of version 1.
	Unified bool
	// Hierarchies are the folders that controllers are mounted at.
	Hierarchies []string
}

// ReadCgroups looks at what is mounted.
func ReadCgroups() (Cgroups, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return Cgroups{}, err
	}
	return cgroupsOf(string(mounts))
}

// cgroupsOf reads the text of /proc/self/mounts.
func cgroupsOf(mounts string) (Cgroups, error) {
	var c Cgroups
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		at, kind, options := fields[1], fields[2], strings.Split(fields[3], ",")
		switch {
		case kind == "cgroup2" && at == cgroupRoot:
			return Cgroups{Unified: true, Hierarchies: []string{at}}, nil
		// A hierarchy of a name alone has no controller; it is systemd's, and the
		// container runtime makes groups in it, too.
		case kind == "cgroup" && strings.HasPrefix(at, cgroupRoot+"/") && slices.Contains(options, "rw"),
			kind == "cgroup2" && strings.HasPrefix(at, cgroupRoot+"/"):
			c.Hierarchies = append(c.Hierarchies, at)
		}
	}
	if len(c.Hierarchies) == 0 {
		return Cgroups{}, &UnfitError{"no control groups are mounted at " + cgroupRoot}
	}
	return c, nil
}

// Make makes a group in each hierarchy, below one that is there. Those of cpuset start
// without processors and memory, which no process can join.
func (c Cgroups) Make(name string) error {
	for _, at := range c.Hierarchies {
		group := filepath.Join(at, name)
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // as the kernel's own
			return fmt.Errorf("making a control group: %w", err)
		}
		if c.Unified {
			// What is below a group may use what the group hands down.
			if err := errors.Join(handDown(filepath.Dir(group)), handDown(group)); err != nil {
				return err
			}
			continue
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			all, err := os.ReadFile(filepath.Join(filepath.Dir(group), file))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(group, file), all, 0o600)
			}
			if err != nil {
				return fmt.Errorf("making a control group: %w", err)
			}
		}
	}
	return nil
}

const handedDown = "cgroup.subtree_control"

// handDown has a group of version 2 hand all controllers down.
func handDown(group string) error {
	has, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return err
	}
	file := filepath.Join(group, handedDown)
	hands, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var missing []string
	for _, controller := range strings.Fields(string(has)) {
		if !slices.Contains(strings.Fields(string(hands)), controller) {
			missing = append(missing, "+"+controller)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := os.WriteFile(file, []byte(strings.Join(missing, " ")), 0o600); err != nil {
		return &UnfitError{fmt.Sprintf("its control group %q does not hand down %s: %v", group, strings.Join(missing, " "), err)}
	}
	return nil
}

// hands are the controllers that the machine's first group hands down, with version 2.
func (c Cgroups) hands() ([]string, error) {
	if !c.Unified {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(c.Hierarchies[0], handedDown))
	return strings.Fields(string(text)), err
}

// restoreHands puts back what the machine's first group handed down before.
func (c Cgroups) restoreHands(before []string) error {
	now, err := c.hands()
	if err != nil {
		return err
	}
	var errs []error
	for _, controller := range now {
		if !slices.Contains(before, controller) {
			errs = append(errs, os.WriteFile(filepath.Join(c.Hierarchies[0], handedDown), []byte("-"+controller), 0o600))
		}
	}
	return errors.Join(errs...)
}

// remove removes the group with all that are below it, deepest first. Processes that were
// killed leave theirs a moment later.
func (c Cgroups) remove(name string) error {
	var errs []error
	for _, at := range c.Hierarchies {
		var groups []string
		err := filepath.WalkDir(filepath.Join(at, name), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		})
		errs = append(errs, err)
		for _, group := range slices.Backward(groups) {
			if err := syscall.Rmdir(group); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("removing the control group %q: %w", group, err))
			}
		}
	}
	return errors.Join(errs...)
}
