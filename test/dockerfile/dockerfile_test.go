// Package dockerfile builds the Dockerfile with buildah and runs its image, without a
// container engine and without the internet's registries: `make test-dockerfile`.
package dockerfile

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// asked is set by `make test-dockerfile`. The build takes minutes, and what it needs is not
// everywhere.
const asked = "GARBOARD_DOCKERFILE"

const authorities = "/etc/ssl/certs/ca-certificates.crt"

// wanted skips the test where it cannot run, with what is missing.
func wanted(t *testing.T) {
	t.Helper()
	switch {
	case os.Getenv(asked) == "":
		t.Skip("it takes minutes: make test-dockerfile")
	case runtime.GOOS != "linux" || os.Geteuid() != 0:
		t.Skip("it wants root on Linux")
	}
	for _, program := range []string{"buildah", "runc", "busybox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s: apt-get install --no-install-recommends buildah runc busybox-static", program)
		}
	}
	if _, err := os.Stat(authorities); err != nil {
		t.Skipf("%v: apt-get install ca-certificates", err)
	}
}

// builder runs buildah with a store of its own.
type builder struct {
	t      *testing.T
	folder string
}

func (b builder) buildah(args ...string) string {
	b.t.Helper()
	command := exec.CommandContext(b.t.Context(), "buildah", append([]string{"--root=" + filepath.Join(b.folder, "store"), "--runroot=" + filepath.Join(b.folder, "run")}, args...)...)
	command.Env = append(os.Environ(), "TMPDIR="+filepath.Join(b.folder, "tmp"))
	var complaints strings.Builder
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		b.t.Fatalf("buildah %s: %v\n%s%s", strings.Join(args, " "), err, out, complaints.String())
	}
	return strings.TrimSpace(string(out))
}

// standIn makes an image under the name of one of the Dockerfile's bases: no registry that has
// it can be reached everywhere.
func (b builder) standIn(name string, config []string, copies ...[2]string) {
	b.t.Helper()
	container := b.buildah("from", "scratch")
	for _, pair := range copies {
		b.buildah("copy", "--quiet", container, pair[0], pair[1])
	}
	b.buildah(append(append([]string{"config"}, config...), container)...)
	b.buildah("commit", "--quiet", container, name)
	b.buildah("rm", container)
}

// standIns are Go's image, of busybox and the Go tree of this machine, and distroless's.
func (b builder) standIns() {
	b.t.Helper()
	files := filepath.Join(b.folder, "files")
	must(b.t, os.MkdirAll(filepath.Join(files, "bin"), 0o755))
	must(b.t, os.MkdirAll(filepath.Join(files, "tmp"), 0o777))
	must(b.t, os.Symlink("busybox", filepath.Join(files, "bin", "sh")))
	must(b.t, os.WriteFile(filepath.Join(files, "passwd"), []byte("root:x:0:0::/root:/bin/sh\nnonroot:x:65532:65532::/:/\n"), 0o600))
	busybox, err := exec.LookPath("busybox")
	must(b.t, err)
	config := []string{"--env=PATH=/usr/local/go/bin:/bin", "--env=HOME=/root", "--env=GOPATH=/go", "--env=GOTOOLCHAIN=local", "--env=GOFLAGS=-gcflags=all=-dwarf=false"}
	for _, name := range []string{"GOPROXY", "GOSUMDB"} {
		config = append(config, "--env="+name+"="+goEnv(b.t.Context(), b.t, name))
	}
	b.standIn("docker.io/library/golang:1.26", config, [2]string{goEnv(b.t.Context(), b.t, "GOROOT"), "/usr/local/go"}, [2]string{busybox, "/bin/busybox"},
		[2]string{filepath.Join(files, "bin"), "/bin"}, [2]string{filepath.Join(files, "tmp"), "/tmp"}, [2]string{filepath.Join(files, "passwd"), "/etc/passwd"}, [2]string{authorities, authorities})
	b.standIn("gcr.io/distroless/static-debian12:nonroot", []string{"--user=65532"}, [2]string{filepath.Join(files, "passwd"), "/etc/passwd"}, [2]string{authorities, authorities})
}

// shareCaches lets the build find what this machine has downloaded and compiled: the folders of
// its cache mounts, as buildah names them, are Go's here.
func (b builder) shareCaches() {
	b.t.Helper()
	for mount, name := range map[string]string{"go/pkg/mod": "GOMODCACHE", "root/.cache/go-build": "GOCACHE"} {
		path := filepath.Join(b.folder, "tmp", "buildah-cache", mount)
		must(b.t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(b.t, os.Symlink(goEnv(b.t.Context(), b.t, name), path))
	}
}

func TestDockerfileIsBuiltAndRuns(t *testing.T) {
	wanted(t)
	folder, err := os.MkdirTemp("", "garboard-dockerfile-") //nolint:usetesting // a mount that buildah leaves is no failure
	must(t, err)
	b := builder{t, folder}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	b.shareCaches()
	b.standIns()
	b.buildah("build", "--quiet", "--runtime=runc", "--ulimit=nofile=20000:20000", "--network=host", "--pull=never",
		"--build-arg=VERSION=v1.2.3", "--tag=localhost/garboard", "../..")
	container := b.buildah("from", "--pull-never", "localhost/garboard")
	if got, want := b.buildah("inspect", "--format", "{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.OS}}/{{.OCIv1.Architecture}}", container),
		"65532:65532 [/garboard] linux/"+runtime.GOARCH; got != want {
		t.Errorf("the image is %q, want %q", got, want)
	}
	run := func(args ...string) string {
		return b.buildah(append([]string{"run", "--runtime=runc", "--network=none", "--cap-drop=ALL", "--user=65532:65532", container, "--", "/garboard"}, args...)...)
	}
	if got, want := run("version"), fmt.Sprintf("garboard v1.2.3 %s linux/%s", goEnv(t.Context(), t, "GOVERSION"), runtime.GOARCH); got != want {
		t.Errorf("the program says %q, want %q", got, want)
	}
	for _, server := range []string{"webhook", "updater"} {
		if got := run(server, "--help"); !strings.Contains(got, "garboard "+server) {
			t.Errorf("%s --help says %q", server, got)
		}
	}
	b.buildah("rm", "--all")
	b.buildah("rmi", "--all", "--force")
}

func goEnv(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(ctx, "go", "env", name).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
