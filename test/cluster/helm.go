package cluster

import (
	"context"
	"io"
	"path/filepath"
	"strings"
)

// helmPackage is a tool of the control plane's module, whose packages it shares.
// It is a program of its own since the demo does not run it.
const helmPackage = "helm.sh/helm/v4/cmd/helm"

// BuildHelm returns the path of a helm: of this machine's, if its version fits,
// or from the cache, if that holds one. The first build takes a minute and
// reports to log, or minutes without the control plane's build before it; a
// second one at the same time waits for the first.
func BuildHelm(ctx context.Context, log io.Writer) (string, error) {
	source, err := findSource()
	if err != nil {
		return "", err
	}
	if p, ok := helmTool().find(ctx, source); ok {
		return p.path, nil
	}
	entry, err := buildEntry(ctx, log, source, entryKind{"helm", "Helm", isRequirement}, builder.helm)
	return filepath.Join(entry, toolHelm), err
}

func (b builder) helm(ctx context.Context) error {
	return b.build(ctx, "Helm client", helmPackage, "-ldflags", "-s -w")
}

// Helm runs Helm as the administrator, with stdin as its standard input, and
// builds it first where it must (see BuildHelm). Its own files are in the
// cluster's folder. The error of a failed one has its arguments and its stderr.
func (c *Cluster) Helm(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	path, err := c.helmPath(ctx)
	if err != nil {
		return "", "", err
	}
	return runTool(ctx, path, c.helmEnvironment(), stdin, args)
}

func (c *Cluster) helmPath(ctx context.Context) (path string, err error) {
	c.helmOnce.Lock()
	defer c.helmOnce.Unlock()
	if c.helm == "" {
		c.helm, err = BuildHelm(ctx, c.log)
	}
	return c.helm, err
}

// helmEnvironment leaves out what the user of this machine has set for a Helm
// of theirs: a namespace, a context, a storage driver.
func (c *Cluster) helmEnvironment() []string {
	dir := filepath.Join(c.Dir, "helm")
	env := []string{
		"KUBECONFIG=" + c.Kubeconfig,
		"HELM_CACHE_HOME=" + filepath.Join(dir, "cache"),
		"HELM_CONFIG_HOME=" + filepath.Join(dir, "config"),
		"HELM_DATA_HOME=" + filepath.Join(dir, "data"),
	}
	for _, v := range environment() {
		if !strings.HasPrefix(v, "HELM_") {
			env = append(env, v)
		}
	}
	return env
}
