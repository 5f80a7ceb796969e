package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// perNamespace is how many Deployments a namespace gets.
const perNamespace = 200

// workers is how many workloads an updater moves at a time, by default.
const workers = 4

// stage is a cluster with Garboard and the workloads so far.
type stage struct {
	options
	size
	cluster  *cluster.Cluster
	garboard *installation.Installation
	registry *registry
	client   kubernetes.Interface
	created  int
	// running are the updaters that are measured now.
	running updaters
	// builds are the updaters that are measured at each size, in this order.
	builds []build
	// tag is what all workloads run, pushed how many tags each repository has.
	tag    string
	pushed int
}

// build is a program, with the folder of its source.
type build struct{ source, binary string }

// prepare installs Garboard and pushes the first tag of each repository. Garboard
// asks a host ten times a second at most by default, which would be all that is
// measured here: a hundred times are allowed.
func prepare(ctx context.Context, c *cluster.Cluster, o options) (*stage, error) {
	config := c.RESTConfig()
	config.WarningHandler = rest.NoWarnings{} // each answer of Garboard's has one
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	s := &stage{options: o, cluster: c, registry: newRegistry(c.Registry), client: client}
	settings := filepath.Join(c.Dir, "registries.yaml")
	text := fmt.Sprintf("apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nregistries:\n- prefix: %q\n  private: true\n  requestsPerSecond: 100\n", s.registry.host())
	err = os.WriteFile(settings, []byte(text), 0o600)
	if err == nil {
		s.garboard, err = installation.Install(ctx, c, installation.Options{
			Source: o.source, NoUpdater: true, Log: os.Stderr, Args: []string{"--registries-config=" + settings},
		})
	}
	if err == nil && slices.ContainsFunc(o.sizes, func(z size) bool { return z.shards > 1 }) {
		_, _, err = c.Kubectl(ctx, "", "apply", "-f", filepath.Join(o.source, "manifests", "components", "sharded", "rbac.yaml"))
	}
	if err == nil {
		err = s.buildAll(ctx)
	}
	if err == nil {
		err = s.push(ctx)
	}
	if err != nil {
		s.registry.Close()
		return nil, err
	}
	return s, nil
}

// buildAll builds what is measured beside the installed version.
func (s *stage) buildAll(ctx context.Context) error {
	if s.against != "" {
		other := build{source: s.against, binary: filepath.Join(s.cluster.Dir, "garboard-against")}
		fmt.Fprintln(os.Stderr, "building the version to measure against")
		if err := installation.Build(ctx, other.source, other.binary); err != nil {
			return fmt.Errorf("building %q: %w", other.source, err)
		}
		s.builds = append(s.builds, other)
	}
	s.builds = append(s.builds, build{source: s.source, binary: s.garboard.Binary})
	return nil
}

// push pushes the next tag to each repository.
func (s *stage) push(ctx context.Context) error {
	s.tag = fmt.Sprintf("1.%d.0", s.pushed)
	s.pushed++
	var pushers errgroup.Group
	pushers.SetLimit(s.clients)
	for r := range s.repositories {
		pushers.Go(func() error {
			_, err := s.cluster.Push(ctx, repository(r), s.tag)
			return err
		})
	}
	return pushers.Wait()
}

func repository(n int) string { return fmt.Sprintf("scale/app-%d", n) }

// grow creates Deployments through admission until there are so many.
func (s *stage) grow(ctx context.Context, size int) error {
	for n := s.created / perNamespace; n*perNamespace < size; n++ {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceOf(n), Labels: map[string]string{"garboard.dev/enabled": "true"}}}
		if _, err := s.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	var next atomic.Int64
	next.Store(int64(s.created))
	creators, ctx := errgroup.WithContext(ctx)
	for range s.clients {
		creators.Go(func() error {
			for n := int(next.Add(1)) - 1; n < size; n = int(next.Add(1)) - 1 {
				// A namespace that was just made may have no account for its Pods yet,
				// which a Deployment need not have.
				if _, err := s.client.AppsV1().Deployments(namespaceOf(n/perNamespace)).Create(ctx, s.deployment(n), metav1.CreateOptions{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := creators.Wait()
	s.created = size
	return err
}

func namespaceOf(n int) string { return fmt.Sprintf("scale-%d", n) }

// deployment is one of the size that people have: what is not kept of it has to be
// read all the same. It has no Pods, so that the cluster stays small; its rollouts
// are the Deployment controller's.
func (s *stage) deployment(n int) *appsv1.Deployment {
	labels := map[string]string{"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": fmt.Sprintf("web-%d", n), "team": fmt.Sprintf("team-%d", n%37)}
	variables := make([]corev1.EnvVar, 20)
	for i := range variables {
		variables[i] = corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: fmt.Sprintf("the value of setting %d of workload %d", i, n)}
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("web-%d", n), Labels: labels, Annotations: map[string]string{
			"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@every " + s.interval.String(),
		}},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "web", Image: s.registry.host() + "/" + repository(n%s.repositories) + ":" + s.tag, Env: variables,
				}}},
			},
		},
	}
}

// standing is what a Deployment runs, and how often its spec has changed.
type standing struct {
	tag        string
	generation int64
}

// standings reads all Deployments, some at a time.
func (s *stage) standings(ctx context.Context) (map[string]standing, error) {
	all := make(map[string]standing, s.created)
	for n := 0; n*perNamespace < s.created; n++ {
		list, err := s.client.AppsV1().Deployments(namespaceOf(n)).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			d := &list.Items[i]
			image := d.Spec.Template.Spec.Containers[0].Image
			all[d.Name] = standing{tag: image[len(image)-len(s.tag):], generation: d.Generation}
		}
	}
	return all, nil
}
