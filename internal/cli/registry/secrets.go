package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/resolver"
)

// podCredentials are those that a Pod in the cluster would be pulled with. Beside what
// could not be used, they tell of Secrets that have nothing for the registry: a node passes
// over them without a word, and a person may wonder why.
type podCredentials struct {
	resolver.Credentials
	client   corev1client.CoreV1Interface
	workload pullsecret.Workload
}

// secrets finds the credentials that a Pod in the cluster would be pulled with.
func (o *accessOptions) secrets() (resolver.Credentials, error) {
	cluster := access.ConfigOf(o.kubeconfig, o.kubeContext)
	connection, err := cluster.ClientConfig()
	if err != nil {
		return nil, access.Finding(cluster, o.kubeContext, err)
	}
	client, err := corev1client.NewForConfig(connection)
	if err != nil {
		return nil, fmt.Errorf("making a client for pull secrets: %w", err)
	}
	wanted := pullsecret.Workload{Namespace: o.namespace, PullSecrets: o.pullSecrets, ServiceAccount: o.serviceAccount}
	if wanted.Namespace == "" {
		if wanted.Namespace, _, err = cluster.Namespace(); err != nil {
			return nil, fmt.Errorf("finding the namespace: %w", err)
		}
	}
	return &podCredentials{pullsecret.New(pullsecret.Options{Client: client}).For(wanted), client, wanted}, nil
}

// For returns the credentials for a repository. What could not be used is in the error.
func (c *podCredentials) For(ctx context.Context, repository resolver.Repository) ([]resolver.Credential, error) {
	found, err := c.Credentials.For(ctx, repository)
	return found, errors.Join(err, errors.Join(c.unfit(ctx, repository)...))
}

// unfit are the Secrets that can be read and have nothing for a repository.
func (c *podCredentials) unfit(ctx context.Context, repository resolver.Repository) []error {
	names := c.workload.PullSecrets
	if len(names) == 0 {
		account, err := c.client.ServiceAccounts(c.workload.Namespace).Get(ctx, cmp.Or(c.workload.ServiceAccount, "default"), metav1.GetOptions{})
		if err != nil {
			return nil // which was told
		}
		for _, reference := range account.ImagePullSecrets {
			names = append(names, reference.Name)
		}
	}
	var told []error
	for _, name := range names {
		if name == "" {
			continue
		}
		secret, err := c.client.Secrets(c.workload.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			continue // which was told
		}
		if why := pullsecret.Unfit(secret, repository); why != "" {
			told = append(told, fmt.Errorf("passing over Secret %q: %s", c.workload.Namespace+"/"+name, why))
		}
	}
	return told
}
