package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// variant is one way to create a Deployment.
type variant struct {
	name      string
	namespace string
	// image names the container's for the n-th request; want is what has to be
	// stored of it.
	image, want func(n int64) string
	registry    *registry // that is counted; nil for none

	client  kubernetes.Interface
	created atomic.Int64
	took    []time.Duration
	rate    float64
	// asked is how many requests the registry had, and admitted for how many
	// admissions.
	asked, admitted int64
}

// addCases makes a namespace a case, and starts the webhooks that they need.
func (b *bench) addCases(ctx context.Context) error {
	config := b.cluster.RESTConfig()
	config.WarningHandler = rest.NoWarnings{} // each answer of Garboard's has one
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	fixed := func(image string) func(int64) string { return func(int64) string { return image } }
	tag := func(host, tag string) func(int64) string { return fixed(host + "/" + repository + ":" + tag) }
	cold := func(tag string) func(int64) string {
		return func(n int64) string { return fmt.Sprintf("%s/%s-%d:%s", b.registry.host(), repository, n, tag) }
	}
	unchanged := tag(b.cluster.Registry, "1.2.0")
	b.cases = []*variant{
		{name: "no webhook", namespace: "none", image: unchanged, want: unchanged},
		{name: "one that does nothing, mutating", namespace: "noop-one", image: unchanged, want: unchanged},
		{name: "one that does nothing, mutating and validating", namespace: "noop", image: unchanged, want: unchanged},
		{name: "Garboard, warm", namespace: "warm", image: tag(b.registry.host(), "1.2.0"), want: tag(b.registry.host(), "1.2.7"), registry: b.registry},
		{name: "one that returns Garboard's patch and does nothing else, mutating and validating", namespace: "patched", image: tag(b.registry.host(), "1.2.0"), want: tag(b.registry.host(), "1.2.7")},
		{name: "the same with Garboard's whole answer and its matchConditions", namespace: "whole", image: tag(b.registry.host(), "1.2.0"), want: tag(b.registry.host(), "1.2.7")},
		{name: "the same patch by controller-runtime, mutating and validating", namespace: "library", image: tag(b.registry.host(), "1.2.0"), want: tag(b.registry.host(), "1.2.7")},
		{name: "Garboard, cold", namespace: "cold", image: cold("1.2.0"), want: cold("1.2.7"), registry: b.registry},
		{name: "one that asks each time, mutating", namespace: "each", image: tag(b.asked.host(), "1.2.0"), want: tag(b.asked.host(), "1.2.0@sha256:"), registry: b.asked},
	}
	for _, v := range b.cases {
		v.client = client
		labels := map[string]string{"bench": v.namespace}
		if v.registry == b.registry {
			labels["garboard.dev/enabled"] = "true"
		}
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: v.namespace, Labels: labels}}
		if _, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := b.addWebhooks(ctx); err != nil {
		return err
	}
	for _, v := range b.cases {
		if err := v.warm(ctx); err != nil {
			return fmt.Errorf("waiting for %q: %w", v.name, err)
		}
	}
	return nil
}

func (b *bench) addWebhooks(ctx context.Context) error {
	conditions, _, err := b.cluster.Kubectl(ctx, "", "get", "mutatingwebhookconfiguration", "garboard", "-o", "jsonpath={.webhooks[0].matchConditions}")
	if err != nil {
		return err
	}
	if _, _, err := b.cluster.Kubectl(ctx, webhooks("  matchConditions: "+conditions+"\n"), "apply", "-f", "-"); err != nil {
		return err
	}
	dir := filepath.Join(b.cluster.Dir, "other-tls")
	if err := b.cluster.FollowSecret(ctx, "garboard", "other-webhook-tls", dir); err != nil {
		return err
	}
	port, err := cluster.FreePort()
	if err != nil {
		return err
	}
	noop := "127.0.0.1:" + strconv.Itoa(port)
	if _, err := b.cluster.StartProcess("noop", b.cluster.NoopWebhook(), nil, "-addr", noop, "-cert-dir", dir); err != nil {
		return err
	}
	if b.each, err = serveEachTime(ctx, dir); err != nil {
		return err
	}
	if err := b.startPatched(ctx, dir); err != nil {
		return err
	}
	return errors.Join(
		b.cluster.Route("garboard/noop-webhook:443", noop),
		b.cluster.Route("garboard/each-webhook:443", b.each.addr),
	)
}

// create makes one more Deployment, for real, and takes the time. It is paused
// and has no Pods, so that nothing else follows from it.
func (v *variant) create(ctx context.Context) (time.Duration, error) {
	n := v.created.Add(1)
	d := deployment("web-"+strconv.FormatInt(n, 10), v.image(n))
	start := time.Now()
	stored, err := v.client.AppsV1().Deployments(v.namespace).Create(ctx, d, metav1.CreateOptions{})
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	if got := stored.Spec.Template.Spec.Containers[0].Image; !strings.HasPrefix(got, v.want(n)) {
		return 0, &wrongError{got, v.want(n)}
	}
	return took, nil
}

// wrongError says that a webhook did not do its work.
type wrongError struct{ got, want string }

func (e *wrongError) Error() string { return fmt.Sprintf("stored %s, want %s", e.got, e.want) }

// warm waits until the API server asks the webhook, and opens the connections.
func (v *variant) warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for good := 0; good < 20; {
		err := installation.Until(ctx, "a good answer", func(ctx context.Context) error {
			_, err := v.create(ctx)
			return err
		})
		if err != nil {
			return err
		}
		good++
	}
	return nil
}

func deployment(name, image string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"garboard.dev/policy": "patch"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32), Paused: true,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: image}}},
			},
		},
	}
}
