package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	admissionregistrationclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
	"github.com/garboard-dev/garboard/updater/approval"
)

// approvalOptions are the flags of what people approve.
type approvalOptions struct {
	history time.Duration
	pageURL string
}

func (o *approvalOptions) addFlags(flags *pflag.FlagSet) {
	flags.DurationVar(&o.history, "update-history", approval.DefaultHistory,
		fmt.Sprintf("how long an ImageUpdate is kept after it has ended, of the last %d of each workload", approval.MaxHistory))
	flags.StringVar(&o.pageURL, "page-url", "", "`URL` of the page that runs in the cluster: notices of updates that wait for approval lead there")
}

func (o *approvalOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	if o.history <= 0 {
		faults = append(faults, fmt.Sprintf("--update-history: %s: allowed: a duration above 0, such as 720h", o.history))
	}
	if o.pageURL != "" && !isPageURL(o.pageURL) {
		faults = append(faults, fmt.Sprintf("--page-url: %q: allowed: an address such as https://garboard.example.com, without a user, a query and a fragment", o.pageURL))
	}
	return faults
}

// isPageURL reports whether a link can be made of an address. Every channel sees it.
func isPageURL(text string) bool {
	at, err := url.Parse(text)
	return err == nil && (at.Scheme == "https" || at.Scheme == "http") && at.Host != "" && at.User == nil &&
		at.RawQuery == "" && at.Fragment == "" && !strings.ContainsAny(text, "<>@[] ")
}

// enforcedTimeout bounds one look at what protects votes.
const enforcedTimeout = 10 * time.Second

// votesEnforced asks the cluster what protects votes, and names the updater's own account
// to it.
func votesEnforced(manager ctrl.Manager, lease *leaseOptions) (approval.Enforced, error) {
	client, err := admissionregistrationclient.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making the client for admission policies: %w", err)
	}
	self, err := authenticationclient.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making the client for our own name: %w", err)
	}
	policies := &enforcement.Policies{Client: client}
	switch namespace, err := lease.ownNamespace(); {
	case err == nil:
		leases, err := coordinationclient.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
		if err != nil {
			return nil, fmt.Errorf("making the client for Leases: %w", err)
		}
		policies.Leases = leases.Leases(namespace)
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	var known sync.Mutex
	return func(ctx context.Context) (time.Time, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enforcedTimeout)
		defer cancel()
		known.Lock()
		defer known.Unlock()
		if policies.Account == "" {
			me, err := self.SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
			if err != nil {
				return time.Time{}, unreadable(ctx, err)
			}
			policies.Account = me.Status.UserInfo.Username
		}
		since, err := policies.Enforced(ctx)
		if fault := (*enforcement.Fault)(nil); err != nil && !errors.As(err, &fault) {
			return time.Time{}, unreadable(ctx, err)
		}
		return since, err
	}, nil
}

// unreadable is what people hear where the cluster does not say what protects votes.
func unreadable(ctx context.Context, err error) error {
	log.FromContext(ctx).Error(err, "reading what protects votes")
	return errors.New("what protects votes cannot be read")
}
