//go:build linux

package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// packages are what a node needs besides kubelet and kube-proxy; iproute2 is for the
// sandbox itself, ipset and iptables for NetworkPolicies.
func packages() []string {
	return []string{"containerd", "containernetworking-plugins", "ipset", "iproute2", "iptables", "nftables", "runc"}
}

// apt asks Debian's package tools in a way that changes nothing of the machine.
type apt struct {
	options []string
	log     io.Writer
}

// fetchPackages returns a folder with what the packages have in them, with all that they
// depend on and the machine does not have. It is in the cache, by the names and versions
// of the packages. No package that is installed already is in it.
func fetchPackages(ctx context.Context, cache string, log io.Writer) (string, error) {
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return "", err
	}
	a := apt{log: log}
	wanted, err := a.missing(ctx)
	if err != nil {
		// The machine's lists of packages may be missing or old: take some of our own.
		if a, err = a.withOwnLists(ctx, cache); err != nil {
			return "", err
		}
		if wanted, err = a.missing(ctx); err != nil {
			return "", err
		}
	}
	entry := filepath.Join(cache, "debian-"+keyOf(wanted))
	// The time says when it was used last: the cache removes what has not been for long.
	if now := time.Now(); os.Chtimes(entry, now, now) == nil {
		return entry, nil
	}
	if err := a.unpack(ctx, cache, entry); err != nil {
		// Lists that name a file are no proof that the file is still there.
		fresh, listErr := a.withOwnLists(ctx, cache)
		if listErr != nil {
			return "", errors.Join(err, listErr)
		}
		return entry, fresh.unpack(ctx, cache, entry)
	}
	return entry, nil
}

// missing are the lines of what would be installed, "name version".
func (a apt) missing(ctx context.Context) ([]string, error) {
	out, err := a.run(ctx, "install", slices.Concat([]string{"--simulate", "--no-install-recommends"}, packages())...)
	if err != nil {
		return nil, err
	}
	return installed(out), nil
}

// installed reads what apt-get says that it would install, as "name version".
func installed(simulated string) []string {
	var lines []string
	for line := range strings.Lines(simulated) {
		// Inst runc (1.1.5+ds1-1+deb12u1 Debian:12.11/stable [amd64])
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] != "Inst" {
			continue
		}
		for _, field := range fields[2:] { // [the version that is there] comes first
			if version, ok := strings.CutPrefix(field, "("); ok {
				lines = append(lines, fields[1]+" "+version)
				break
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// withOwnLists fetches lists of packages into the cache.
func (a apt) withOwnLists(ctx context.Context, cache string) (apt, error) {
	lists := filepath.Join(cache, "debian-lists")
	if err := os.MkdirAll(filepath.Join(lists, "partial"), 0o755); err != nil { //nolint:gosec // apt reads it as another user
		return a, err
	}
	fmt.Fprintln(a.log, "node: fetching lists of Debian's packages into", lists)
	own := apt{options: append(a.options, "-o", "Dir::State::lists="+lists), log: a.log}
	_, err := own.run(ctx, "update")
	return own, err
}

// unpack fetches what is missing and unpacks it into the entry, which comes by a rename.
func (a apt) unpack(ctx context.Context, cache, entry string) error {
	archives, err := os.MkdirTemp(cache, "debian-archives-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(archives) }()
	if err := os.Mkdir(filepath.Join(archives, "partial"), 0o750); err != nil {
		return err
	}
	fmt.Fprintln(a.log, "node: fetching Debian's packages, to be unpacked into", entry)
	_, err = a.run(ctx, "install", slices.Concat([]string{"--download-only", "--yes", "--no-install-recommends",
		"-o", "Dir::Cache::archives=" + archives}, packages())...)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp(cache, "debian-unpacked-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(root) }() // after the rename, it is not there
	for _, file := range files {
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", file, root).CombinedOutput(); err != nil {
			return fmt.Errorf("unpacking %q: %w: %s", filepath.Base(file), err, out)
		}
	}
	if err := mergeUsr(root); err != nil {
		return err
	}
	if err := os.Rename(root, entry); err != nil && !errors.Is(err, fs.ErrExist) {
		return err // another process may have been first
	}
	return nil
}

// mergeUsr moves what packages have in /lib, /bin and /sbin to /usr, where these lead.
func mergeUsr(root string) error {
	for _, name := range []string{"etc", "usr"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil { //nolint:gosec // as in /
			return err
		}
	}
	for _, name := range []string{"bin", "lib", "sbin"} {
		from := filepath.Join(root, name)
		if _, err := os.Stat(from); err != nil {
			continue
		}
		if err := os.CopyFS(filepath.Join(root, "usr", name), os.DirFS(from)); err != nil {
			return err
		}
		if err := os.RemoveAll(from); err != nil {
			return err
		}
	}
	return nil
}

// run is apt-get with a verb. Its lock files are the machine's, and nothing of the
// machine is written.
func (a apt) run(ctx context.Context, verb string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "apt-get", slices.Concat([]string{"--quiet", "-o", "Debug::NoLocking=1"}, a.options, []string{verb}, args)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running apt-get %s: %w: %s", verb, err, strings.TrimSpace(complaints.String()))
	}
	return out.String(), nil
}

func keyOf(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])[:16]
}
