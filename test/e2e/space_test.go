package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/installation"
)

// space is a namespace of one test, with a repository of its own.
type space struct {
	*suite
	t         testing.TB
	name      string
	image     string // the repository, as the cluster names it
	restoring sync.Once
}

// newSpace makes a namespace that opted in, in the cluster that the test uses: see the
// package's comment.
func newSpace(t testing.TB) *space {
	return makeSpace(t, map[string]string{"garboard.dev/enabled": "true"})
}

func makeSpace(t testing.TB, labels map[string]string) *space {
	t.Helper()
	s := &space{suite: suiteOf(t), t: t}
	object, err := s.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-", Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.name = object.Name
	t.Cleanup(s.remove)
	s.image = s.Registry + "/" + s.name + "/app"
	if labels["garboard.dev/enabled"] == "true" {
		s.awaitOptIn()
	}
	s.await("the default ServiceAccount", func(ctx context.Context) error {
		_, err := s.Client().CoreV1().ServiceAccounts(s.name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	return s
}

// needAlone fails a test that is about to disturb others.
func (s *space) needAlone() {
	s.t.Helper()
	if !s.alone {
		s.t.Fatal("it changes what other tests share: it has to begin with alone(t)")
	}
}

// of is the space for a part of its test.
func (s *space) of(t testing.TB) *space {
	return &space{suite: s.suite, t: t, name: s.name, image: s.image}
}

// remove ends the polls of the space's workloads: those of all tests together
// would be more than a registry is asked in a second, and slow down the rest.
func (s *space) remove() {
	ctx := context.WithoutCancel(s.t.Context())
	if err := s.Client().CoreV1().Namespaces().Delete(ctx, s.name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		s.t.Error(err)
	}
}

// awaitOptIn waits until the API server's namespace cache has the label: a
// bad policy is refused then.
func (s *space) awaitOptIn() {
	s.t.Helper()
	probe := s.manifest("probe", "1.0.0", "garboard.dev/policy: nonsense")
	s.await("the opt-in to hold", func(context.Context) error {
		_, _, err := s.create(probe, metav1.DryRunAll)
		if err == nil {
			return fmt.Errorf("a bad policy was admitted")
		}
		if !strings.Contains(err.Error(), "nonsense") {
			return err
		}
		return nil
	})
}

func (s *space) await(what string, check func(context.Context) error) {
	s.t.Helper()
	s.awaitWithin(time.Minute, what, check)
}

func (s *space) awaitWithin(limit time.Duration, what string, check func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if err := installation.Until(ctx, what, check); err != nil {
		s.t.Fatal(err)
	}
}

// push pushes a tag to the space's repository and returns its digest.
func (s *space) push(tags ...string) string {
	s.t.Helper()
	digest := ""
	for _, tag := range tags {
		image, err := s.Push(s.t.Context(), s.name+"/app", tag)
		if err != nil {
			s.t.Fatal(err)
		}
		digest = image.Digest
	}
	return digest
}

// kubectl runs kubectl in the space.
func (s *space) kubectl(stdin string, args ...string) (stdout, stderr string, err error) {
	return s.Kubectl(s.t.Context(), stdin, append([]string{"-n", s.name}, args...)...)
}

// must runs kubectl and returns its standard output and what it warned of.
func (s *space) must(stdin string, args ...string) (stdout, stderr string) {
	s.t.Helper()
	stdout, stderr, err := s.kubectl(stdin, args...)
	// A controller may write between the read and the PUT of a replace: a person then
	// repeats it.
	for tries := 0; tries < 5 && err != nil && args[0] == "replace" && strings.Contains(err.Error(), "(Conflict)"); tries++ {
		stdout, stderr, err = s.kubectl(stdin, args...)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return stdout, stderr
}

// quiet is the annotation that keeps the updater away from a workload.
const quiet = "garboard.dev/trigger: push"

// manifest is a Deployment with the container web.
func (s *space) manifest(name, tag string, annotations ...string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s
  annotations:
    note: "for every Deployment"
    %[3]s
spec:
  replicas: 1
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      containers:
      - name: web
        image: %[2]s
`, name, s.image+":"+tag, strings.Join(annotations, "\n    "))
}

func (s *space) deployment(name string) *appsv1.Deployment {
	s.t.Helper()
	d, err := s.Client().AppsV1().Deployments(s.name).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// tag is the tag of the Deployment's first container.
func (s *space) tag(name string) string {
	s.t.Helper()
	return strings.TrimPrefix(s.deployment(name).Spec.Template.Spec.Containers[0].Image, s.image+":")
}

func (s *space) wantTag(name, want string) {
	s.t.Helper()
	if got := s.tag(name); got != want {
		s.t.Errorf("%s runs %q, want %q", name, got, want)
	}
}

// awaitTag waits until the Deployment's template names the tag.
func (s *space) awaitTag(name, want string) {
	s.t.Helper()
	s.awaitTagWithin(time.Minute, name, want)
}

func (s *space) awaitTagWithin(limit time.Duration, name, want string) {
	s.t.Helper()
	s.awaitWithin(limit, name+" to name "+want, func(context.Context) error {
		if got := s.tag(name); got != want {
			return fmt.Errorf("it names %s", got)
		}
		return nil
	})
}

// settled waits until the rollout is over and returns the Deployment's
// revision: it grows with each new template.
func (s *space) settled(name string) string {
	s.t.Helper()
	s.rolled("deployment/" + name)
	return s.deployment(name).Annotations["deployment.kubernetes.io/revision"]
}
