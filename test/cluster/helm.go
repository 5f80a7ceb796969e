package cluster

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// helmVersion is built by itself: in the control plane's module, a new Helm
// would build the whole control plane again.
const helmVersion = "v4.3.1"

// BuildHelm returns the path of a helm, from the cache if it holds one. The
// first build takes minutes and reports to log; a second one at the same time
// waits for the first.
func BuildHelm(ctx context.Context, log io.Writer) (string, error) {
	source, err := findSource()
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cache, "tools", "helm-"+helmVersion)
	err = once(ctx, entry, "helm.lock", log, func() error {
		return buildInto(ctx, entry, source, log, builder.helm)
	})
	if err != nil {
		return "", fmt.Errorf("building Helm %s: %w", helmVersion, err)
	}
	return filepath.Join(entry, "helm"), nil
}

func (b builder) helm(ctx context.Context) error {
	return b.build(ctx, "Helm client", "install", "-ldflags", "-s -w", "helm.sh/helm/v4/cmd/helm@"+helmVersion)
}

// Helm runs Helm as the administrator, with stdin as its standard input, and
// builds it first where it must (see BuildHelm). Its own files are in the
// cluster's folder. The error of a failed one has its arguments and its stderr.
func (c *Cluster) Helm(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	path, err := BuildHelm(ctx, c.log)
	if err != nil {
		return "", "", err
	}
	return runTool(ctx, path, c.helmEnvironment(), stdin, args)
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
