// Package pullsecret finds the credentials that a workload's images are pulled
// with: those of the Secrets that its setting, its pod template or its
// ServiceAccount names, in the order in which the kubelet tries them.
//
// Secrets are read one by one and on demand, from the workload's own namespace
// alone, and a watch on each keeps what was read up to date. Nothing that is in
// a Secret is ever told: errors and credentials name it, and no more.
package pullsecret

import (
	"cmp"
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
)

// Workload says where the credentials of a workload's images are found.
type Workload struct {
	// Namespace is the workload's. Nothing is read outside of it.
	Namespace string
	// Setting is the Secret that the setting imagePullSecret names; "" for none.
	Setting string
	// PullSecrets are the names of the pod template's imagePullSecrets.
	PullSecrets []string
	// ServiceAccount is asked for its imagePullSecrets where the template lists
	// none. The default is "default".
	ServiceAccount string
	// Image is the image as the workload has it. Of one whose host is in capitals
	// the kubelet looks for keys in capitals: it compares hosts letter by letter. The
	// default is the repository that is asked for.
	Image string
}

// Client reads Secrets and ServiceAccounts; the CoreV1() of a clientset does.
type Client interface {
	corev1client.SecretsGetter
	corev1client.ServiceAccountsGetter
}

// Options make a Finder.
type Options struct {
	// Client reads and watches.
	Client Client
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// MaxObjects bounds the Secrets that are remembered, and the
	// ServiceAccounts; what was used longest ago goes first. The default is
	// 4096.
	MaxObjects int
	// MaxBytes bounds what is kept of the contents of all Secrets together:
	// a creator of Secrets can fill thousands of them. The
	// default is 32 MiB.
	MaxBytes int
}

// Defaults of Options. They are more than the workloads of most clusters name.
const (
	defaultMaxObjects = 4096
	defaultMaxBytes   = 32 << 20
)

// Finder finds credentials, and remembers what it read. It is safe for
// concurrent use. Until it is started, and once it has stopped, it answers
// without watches: from objects that were read within 30 seconds.
type Finder struct {
	secrets  *cache[*corev1.Secret, keyring]
	accounts *cache[*corev1.ServiceAccount, []string]
}

// New returns a Finder that knows nothing yet.
func New(o Options) *Finder {
	if o.Now == nil {
		o.Now = time.Now
	}
	limit := limits{objects: cmp.Or(o.MaxObjects, defaultMaxObjects), bytes: cmp.Or(o.MaxBytes, defaultMaxBytes)}
	return &Finder{
		secrets: newCache(Secret, limit, o.Now, parseSecret, func(namespace string) reader[*corev1.Secret] {
			return o.Client.Secrets(namespace)
		}),
		accounts: newCache(ServiceAccount, limit, o.Now, parseAccount, func(namespace string) reader[*corev1.ServiceAccount] {
			return o.Client.ServiceAccounts(namespace)
		}),
	}
}

// Of returns the credentials of a workload in a namespace for the image of a slot, by
// the rule that holds for it. The namespace is given, as an object that is being
// created need not name it.
func (f *Finder) Of(namespace string, o *workload.Object, slot workload.Slot, rule settings.Rule) resolver.Credentials {
	return f.For(Workload{
		Namespace: namespace, Setting: rule.ImagePullSecret,
		PullSecrets: o.PullSecrets(), ServiceAccount: o.ServiceAccountName(), Image: slot.Image,
	})
}

// For returns the credentials of a workload. What they are is found out each
// time that they are asked.
func (f *Finder) For(w Workload) resolver.Credentials { return &credentials{finder: f, workload: w} }

// Start lets the Finder watch what it reads, until the context ends; then it
// waits for its watches.
func (f *Finder) Start(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { f.secrets.run(ctx) })
	running.Go(func() { f.accounts.run(ctx) })
	running.Wait()
	return nil
}

// NeedLeaderElection lets a manager start the Finder in every replica: all of
// them answer.
func (f *Finder) NeedLeaderElection() bool { return false }

// String keeps a verb such as %q from walking into what is remembered.
func (f *Finder) String() string { return "finder of pull secrets" }

// parseAccount keeps the names of the Secrets, one more than are read, so that
// it is seen when there are more.
func parseAccount(account *corev1.ServiceAccount) (names []string, weight int, failed *Error) {
	references := account.ImagePullSecrets
	for _, reference := range references[:min(len(references), maxSecrets+1)] {
		names = append(names, reference.Name)
		weight += len(reference.Name)
	}
	return names, weight, nil
}
