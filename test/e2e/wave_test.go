package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	waveSize = 150
	// waveLimit bounds a wave of that size, with the ten seconds that a Lease lasts
	// after its holder was killed.
	waveLimit = 5 * time.Minute
)

// idle is a Deployment without Pods, so that its rollouts are over at once.
func (s *space) idle(name, tag string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{
			"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@every 2s",
		}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(int32(0)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: s.image + ":" + tag}}},
			},
		},
	}
}

// wave counts the Deployments that name a tag, and those that have another
// revision than a rollout each would have made.
func (s *space) wave(ctx context.Context, tag, revision string) (there, rolled int, err error) {
	list, err := s.Client().AppsV1().Deployments(s.name).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, 0, err
	}
	for _, d := range list.Items {
		if strings.HasSuffix(d.Spec.Template.Spec.Containers[0].Image, ":"+tag) {
			there++
		}
		if d.Annotations["deployment.kubernetes.io/revision"] == revision {
			rolled++
		}
	}
	return there, rolled, nil
}

// A leader that is killed in the middle of a wave leaves some workloads moved, some
// in line and some between a dry run and its bump. The next one moves the rest, and
// none twice.
//
// It takes more than 20 seconds: ten for the Lease of the one that was killed, and the rest
// for the moves of 150 workloads.
func TestKilledInTheMiddleOfAWave(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.updater(soon("--max-rollouts=20")...)
	s.push("1.2.0")
	create, ctx := errgroup.WithContext(t.Context())
	create.SetLimit(8)
	for n := range waveSize {
		create.Go(func() error {
			_, err := s.Client().AppsV1().Deployments(s.name).Create(ctx, s.idle(fmt.Sprintf("web-%d", n), "1.2.0"), metav1.CreateOptions{})
			return err
		})
	}
	if err := create.Wait(); err != nil {
		t.Fatal(err)
	}
	s.awaitWithin(waveLimit, "all to have their first revision", func(ctx context.Context) error {
		if _, rolled, err := s.wave(ctx, "1.2.0", "1"); err != nil || rolled < waveSize {
			return fmt.Errorf("%d have: %w", rolled, err)
		}
		return nil
	})
	s.push("1.3.0")
	moved := 0
	s.awaitWithin(waveLimit, "the wave to have begun", func(ctx context.Context) (err error) {
		if moved, _, err = s.wave(ctx, "1.3.0", "2"); err != nil || moved < waveSize/10 {
			return fmt.Errorf("%d have moved: %w", moved, err)
		}
		return nil
	})
	s.killUpdater()
	killed, _, err := s.wave(t.Context(), "1.3.0", "2")
	if err != nil {
		t.Fatal(err)
	}
	if killed == waveSize {
		t.Fatalf("%d had moved already: the wave was over", killed)
	}
	t.Logf("killed when %d of %d had moved", killed, waveSize)
	s.startUpdater(soon("--max-rollouts=20")...)
	s.awaitWithin(waveLimit, "all to have moved, each once", func(ctx context.Context) error {
		there, rolled, err := s.wave(ctx, "1.3.0", "2")
		if err != nil || there < waveSize || rolled < waveSize {
			return fmt.Errorf("%d have moved, %d have their second revision: %w", there, rolled, err)
		}
		return nil
	})
	s.polled() // which rolls nothing
	if there, rolled, err := s.wave(t.Context(), "1.3.0", "2"); err != nil || there != waveSize || rolled != waveSize {
		t.Errorf("%d are at 1.3.0, %d at their second revision: %v", there, rolled, err)
	}
}

// Between the decision and the bump lies the line for a place: who was in it when
// the leader was killed is not forgotten.
func TestKilledBetweenDecisionAndBump(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.updater(soon("--max-rollouts=1")...)
	s.push("1.2.0")
	for _, name := range []string{"one", "two"} {
		s.must(s.failing(name), "apply", "-f", "-")
		s.settled(name)
	}
	s.push("1.3.0-unpullable")
	s.await("one to move, and the other to wait", func(ctx context.Context) error {
		items, err := s.standings(ctx)
		if err != nil {
			return err
		}
		states := ""
		for _, item := range items {
			states += string(item.State) + " " + item.Reason + ","
		}
		if states != "Rolling ,Pending TooManyRollouts," && states != "Pending TooManyRollouts,Rolling ," {
			return fmt.Errorf("the states are %s", states)
		}
		return nil
	})
	s.killUpdater()
	s.push("1.4.0")
	s.startUpdater(soon("--max-rollouts=1")...)
	for _, name := range []string{"one", "two"} {
		s.awaitTag(name, "1.4.0")
		s.settled(name)
	}
	revisions := s.settled("one") + " " + s.settled("two")
	if revisions != "3 2" && revisions != "2 3" {
		t.Errorf("revisions %s: one of them rolls twice, to the one that fails and away from it, the other once", revisions)
	}
}
