package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// warnings collects what the API server warns of, as kubectl prints it.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeader takes one.
func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

func decode(t testing.TB, manifest string) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	if err := yaml.UnmarshalStrict([]byte(manifest), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// create creates a Deployment and returns it with the warnings, one a line.
// The answer of a dry run is the same.
func (s *space) create(manifest string, dryRun ...string) (created *appsv1.Deployment, warned string, err error) {
	s.t.Helper()
	d := decode(s.t, manifest)
	config, said := s.RESTConfig(), &warnings{}
	config.WarningHandler = rest.WarningHandler(said)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	created, err = client.AppsV1().Deployments(s.name).Create(s.t.Context(), d, metav1.CreateOptions{DryRun: dryRun})
	return created, strings.Join(said.texts, "\n"), err
}

// answer is the tag and the warnings of a Deployment that is created, or is as
// a dry run.
func (s *space) answer(manifest string, dryRun ...string) (tag, warned string) {
	s.t.Helper()
	created, warned, err := s.create(manifest, dryRun...)
	if err != nil {
		s.t.Fatal(err)
	}
	image := created.Spec.Template.Spec.Containers[0].Image
	return image[strings.LastIndex(image, ":")+1:], warned
}

// wantAnswer checks both, as a dry run. No warning is an empty one.
func (s *space) wantAnswer(manifest, tag, warning string) {
	s.t.Helper()
	if got, warned := s.answer(manifest, metav1.DryRunAll); got != tag || warned != warning {
		s.t.Errorf("the answer is %s with the warning %q, want %s with %q", got, warned, tag, warning)
	}
}

// awaitAnswer waits until both are so.
func (s *space) awaitAnswer(manifest, tag, warning string) {
	s.t.Helper()
	s.awaitAnswerWithin(time.Minute, manifest, tag, warning)
}

func (s *space) awaitAnswerWithin(limit time.Duration, manifest, tag, warning string) {
	s.t.Helper()
	s.awaitWithin(limit, "the answer "+tag, func(context.Context) error {
		if got, warned := s.answer(manifest, metav1.DryRunAll); got != tag || warned != warning {
			return fmt.Errorf("it is %s with the warning %q, want %q", got, warned, warning)
		}
		return nil
	})
}

// moves is the warning that a create with 1.2.0 moved the image.
func (s *space) moves(to, why string) string {
	return "web: " + s.image + ":1.2.0 -> " + to + " (policy " + why + ")"
}

// withPod adds a field to a manifest's pod spec.
func withPod(manifest, field string) string {
	return strings.Replace(manifest, "      containers:\n", "      "+field+"\n      containers:\n", 1)
}
