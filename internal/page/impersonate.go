package page

import (
	"context"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/page/signin"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/status"
)

// Each person's questions are paced as kubectl's.
const perSecond, burst = 50, 300

// Impersonator gives each person their own way to the API server: by impersonation, with
// the page's own rights to do that, or by the person's token.
type Impersonator struct {
	// Config is the page's own way. Required.
	Config *rest.Config
	// Mapper knows the kinds of the cluster. Required.
	Mapper meta.RESTMapper
	Kinds  workload.Kinds
	// Namespace is Garboard's own, where the updater is. Required.
	Namespace string
	// Cluster is what people call the cluster.
	Cluster string
	// Timeout bounds each question to the cluster. Required.
	Timeout time.Duration
}

// Access returns the way of a person. It asks the API server who they are, so that a
// person whom it refuses hears of it at once, in one sentence.
func (i *Impersonator) Access(ctx context.Context, p signin.Person) (*Access, error) {
	config := i.as(p)
	scheme, err := access.NewScheme()
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	theirs, err := client.New(config, client.Options{Scheme: scheme, Mapper: i.Mapper})
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	kube, err := access.NewClients(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, i.Timeout)
	defer cancel()
	switch _, err := ballot.Whoami(ctx, theirs); {
	case apierrors.IsForbidden(err):
		return nil, &signin.RefusalError{Code: http.StatusForbidden, Sentence: fmt.Sprintf(
			"The page may not act as you: its account needs the right to impersonate the user %q and each of your groups.", shown(p.Name))}
	case apierrors.IsUnauthorized(err):
		return nil, &signin.RefusalError{Code: http.StatusForbidden, Sentence: "The API server does not take your token: is the identity provider that it trusts the one of this page?"}
	case err != nil:
		return nil, err
	}
	updater := &status.Client{Kube: kube, Namespace: i.Namespace, Lease: status.LeaseName}
	return &Access{
		Status: updater, Metrics: updater, Versions: updater, Client: theirs, Kinds: i.Kinds, Cluster: i.Cluster, Timeout: i.Timeout,
	}, nil
}

// as is the page's own way with a person's name on it, or with their token alone.
func (i *Impersonator) as(p signin.Person) *rest.Config {
	config := rest.CopyConfig(i.Config)
	if p.Token != "" {
		config = rest.AnonymousClientConfig(i.Config)
		config.BearerToken = p.Token
	} else {
		config.Impersonate = rest.ImpersonationConfig{UserName: p.Name, Groups: p.Groups}
	}
	config.WarningHandlerWithContext = Warnings{}
	config.QPS, config.Burst = perSecond, burst
	return config
}
