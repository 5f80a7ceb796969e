package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// boot starts the parts and waits until they have done what a test counts on.
func (c *Cluster) boot(ctx context.Context) error {
	first, last := []program{c.etcd(), c.registry()}, []program{c.controllers(), c.scheduler()}
	if c.played() {
		first, last = append(first, c.egress()), append(last, c.kubelet())
	}
	if err := c.startParts(ctx, first...); err != nil {
		return err
	}
	if err := c.StartAPIServer(ctx); err != nil {
		return err
	}
	if err := c.startParts(ctx, last...); err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	if c.played() {
		all.Go(func() error { return c.bootNodes(ctx) })
		all.Go(func() error {
			return c.await(ctx, c.part(partEgress), "the egress socket", func(context.Context) error {
				_, err := os.Stat(filepath.Join(c.Dir, egressSocket))
				return err
			})
		})
	}
	all.Go(func() error { return c.bootCertManager(ctx) })
	all.Go(func() error {
		// Without it no Pod can be created in the namespace.
		return c.await(ctx, c.part(partControllers), "the default ServiceAccount", func(ctx context.Context) error {
			_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
			return err
		})
	})
	all.Go(func() error { return c.await(ctx, c.part(partRegistry), "the registry", c.registryAnswers) })
	return all.Wait()
}

func (c *Cluster) startParts(ctx context.Context, programs ...program) error {
	for _, what := range programs {
		if c.lessCollection {
			what.env = append(what.env, "GOMEMLIMIT=1GiB")
		}
		p, err := c.startProcess(ctx, what)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.parts[what.name] = p
		c.mu.Unlock()
	}
	return nil
}

func (c *Cluster) part(name string) *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts[name]
}

// StartAPIServer starts the API server, on the same address and with the same
// data as before, and returns when it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.LaunchAPIServer(ctx); err != nil {
		return err
	}
	return c.await(ctx, c.part(partAPIServer), "the API server", func(ctx context.Context) error {
		// A request that came too early may get no answer at all.
		ctx, cancel := context.WithTimeout(ctx, readyLimit)
		defer cancel()
		return c.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// LaunchAPIServer is StartAPIServer without the wait. An API server serves before
// it calls itself ready: on a busy machine, minutes before.
func (c *Cluster) LaunchAPIServer(ctx context.Context) error {
	return c.startParts(ctx, c.apiServer())
}

// StopAPIServer kills the API server as a crash would.
func (c *Cluster) StopAPIServer() error {
	p := c.part(partAPIServer)
	if p == nil {
		return errNotOurs
	}
	return p.Kill()
}

// bootCertManager: the CRDs must be served before its controllers start.
func (c *Cluster) bootCertManager(ctx context.Context) error {
	if !c.withCertManager {
		return nil
	}
	if _, _, err := c.Kubectl(ctx, "", "apply", "--server-side", "-f", c.binaries.Path("crds")); err != nil {
		return fmt.Errorf("installing cert-manager's CRDs: %w", err)
	}
	return c.StartCertManager(ctx)
}

// StartCertManager starts cert-manager in a cluster that began without it (NoCertManager), once
// its definitions are there and served.
func (c *Cluster) StartCertManager(ctx context.Context) error {
	if err := c.AwaitServed(ctx); err != nil {
		return err
	}
	return c.startParts(ctx, c.certManager())
}

// CertManagerChart is the folder of the chart that cert-manager's module has.
func CertManagerChart(ctx context.Context) (string, error) {
	source, err := findSource()
	if err != nil {
		return "", err
	}
	const module = "github.com/cert-manager/cert-manager"
	dir, err := goList(ctx, source, "-m", "-f", "{{.Dir}}", module)
	if err == nil && dir == "" {
		err = fmt.Errorf("the module %s is not in the module cache: go -C %s mod download %[1]s", module, source)
	}
	return filepath.Join(dir, "deploy", "charts", "cert-manager"), err
}

// AwaitServed waits until all CustomResourceDefinitions are served. `kubectl wait` fails
// where one has no conditions yet.
func (c *Cluster) AwaitServed(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, waitLimit, fmt.Errorf("not served after %s", waitLimit))
	defer cancel()
	err := poll(ctx, pollEvery, func(ctx context.Context) error {
		text, err := c.client.Discovery().RESTClient().Get().
			AbsPath("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").DoRaw(ctx)
		if err != nil {
			return err
		}
		return established(text)
	})
	if err != nil {
		return fmt.Errorf("waiting for the custom resources: %w", err)
	}
	return nil
}

// established is an error where one of a list of CustomResourceDefinitions is not.
func established(list []byte) error {
	var decoded struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct{ Conditions []metav1.Condition }
		}
	}
	if err := json.Unmarshal(list, &decoded); err != nil {
		return err
	}
	for i := range decoded.Items {
		if !meta.IsStatusConditionTrue(decoded.Items[i].Status.Conditions, "Established") {
			return fmt.Errorf("%s is not established", decoded.Items[i].Metadata.Name)
		}
	}
	return nil
}

func (c *Cluster) registryAnswers(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Registry+"/v2/", nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: waitLimit}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %s", resp.Status)
	}
	return nil
}
