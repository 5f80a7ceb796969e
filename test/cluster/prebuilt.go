package cluster

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	// prebuiltVariable is "off" where all is to be built, as in CI.
	prebuiltVariable = "GARBOARD_PREBUILT"
	// assetsVariable names the folder that envtest's users have their programs in.
	assetsVariable = "KUBEBUILDER_ASSETS"

	kubernetesModule = "k8s.io/kubernetes"
	toolKubectl      = "kubectl"
	toolHelm         = "helm"
)

// prebuilt is a program of this machine that does for one that would be built.
type prebuilt struct{ name, path, version string }

// tool says what does for a program: its minor version is that of the module.
//
// The API server is none of them: the controller manager is made of the same
// packages, all but seven of them.
type tool struct {
	name, module string
	version      []string // the arguments that print it
	inPath       bool     // not only in envtest's folder
}

func etcdTool() tool {
	return tool{partEtcd, "go.etcd.io/etcd/server/v3", []string{"--version"}, true}
}

// kubectl in PATH is left alone: it is of any version, and answers as the
// cluster's own would where the versions are equal.
func kubectlTool() tool {
	return tool{toolKubectl, kubernetesModule, []string{"version", "--client"}, false}
}

func helmTool() tool {
	return tool{toolHelm, "helm.sh/helm/v4", []string{"version", "--template", "{{.Version}}"}, true}
}

// findPrebuilt returns the programs of this machine that fit the control plane
// whose module is in source.
func findPrebuilt(ctx context.Context, source string) []prebuilt {
	var found []prebuilt
	for _, t := range []tool{etcdTool(), kubectlTool()} {
		if p, ok := t.find(ctx, source); ok {
			found = append(found, p)
		}
	}
	return found
}

// find returns the program. That it is missing, does not answer or does not fit
// is no error: it is built then.
func (t tool) find(ctx context.Context, source string) (prebuilt, bool) {
	if os.Getenv(prebuiltVariable) == "off" {
		return prebuilt{}, false
	}
	for _, path := range t.candidates() {
		version, ok := t.ask(ctx, path)
		if !ok {
			continue
		}
		wanted, err := goList(ctx, source, "-m", "-f", "{{.Version}}", t.module)
		if err == nil && minorVersion(version) == minorVersion(wanted) {
			return prebuilt{t.name, path, version}, true
		}
	}
	return prebuilt{}, false
}

func (t tool) candidates() (paths []string) {
	if dir := os.Getenv(assetsVariable); dir != "" {
		paths = append(paths, filepath.Join(dir, t.name))
	}
	if t.inPath {
		paths = append(paths, t.name)
	}
	for i, path := range paths {
		found, err := exec.LookPath(path)
		if err == nil {
			found, err = filepath.Abs(found)
		}
		if err != nil {
			found = ""
		}
		paths[i] = found
	}
	return paths
}

// ask returns the version that the program says it has: "1.37.2".
func (t tool) ask(ctx context.Context, path string) (string, bool) {
	if path == "" {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, t.version...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", false
	}
	return firstVersion(string(out))
}

var versionPattern = regexp.MustCompile(`\d+\.\d+\.\d+\S*`)

func firstVersion(text string) (string, bool) {
	version := versionPattern.FindString(text)
	return version, version != ""
}

// minorVersion is "1.37" of "v1.37.2".
func minorVersion(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}
