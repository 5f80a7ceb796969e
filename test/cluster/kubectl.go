package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tokenLasts is longer than any test and shorter than the API server's limit.
const tokenLasts = 24 * time.Hour

// Kubectl runs kubectl as the administrator, with stdin as its standard input.
// Warnings of admission webhooks are on stderr. The error of a failed one has
// its arguments and its stderr.
func (c *Cluster) Kubectl(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	return c.KubectlWith(ctx, nil, stdin, args...)
}

// KubectlWith is Kubectl with variables of the environment, as "NAME=value": tests that
// run beside others cannot set them for all.
func (c *Cluster) KubectlWith(ctx context.Context, variables []string, stdin string, args ...string) (stdout, stderr string, err error) {
	// The cache in the home folder goes by host and port; another cluster may have
	// had the port before and another set of CRDs.
	env := []string{"KUBECONFIG=" + c.Kubeconfig, "KUBECACHEDIR=" + filepath.Join(c.Dir, "kubectl-cache")}
	return runTool(ctx, c.KubectlPath, slices.Concat(environment(), env, variables), stdin, args)
}

// NoCollection is for the environment of programs that end soon: what garbage they leave to the
// kernel saves up to a third of their CPU time.
func NoCollection() []string { return []string{"GOGC=off", "GOMEMLIMIT=256MiB"} }

// runTool runs a program of a user to its end. The error names the program by
// its file, and has its arguments and its stderr.
func runTool(ctx context.Context, path string, env []string, stdin string, args []string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = slices.Concat(env, NoCollection())
	cmd.WaitDelay = 10 * time.Second // a busy machine reads late what a program wrote
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return out.String(), errs.String(), fmt.Errorf("running %s %s: %w: %s",
			filepath.Base(path), strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), errs.String(), nil
}

// ServiceAccountKubeconfig writes a kubeconfig with a token of the
// ServiceAccount, so that a program outside runs with the rights that its Pod
// would have, and returns the file's name. The token is good for a day.
func (c *Cluster) ServiceAccountKubeconfig(ctx context.Context, namespace, account string) (string, error) {
	seconds := int64(tokenLasts / time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := c.client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("requesting a token of %s/%s: %w", namespace, account, err)
	}
	config := c.RESTConfig()
	config.BearerToken = token.Status.Token
	name := filepath.Join(c.Dir, fmt.Sprintf("%s.%s.kubeconfig", namespace, account))
	return name, writeKubeconfig(name, config, namespace)
}
