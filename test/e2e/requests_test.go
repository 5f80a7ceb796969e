package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	"k8s.io/client-go/rest"
)

// The size of the counted cluster, and how often it is polled.
const (
	manyWorkloads    = 1000
	manyRepositories = 10
	countedInterval  = 3 * time.Second
)

// Registries are asked by the repository, however many workloads use it: what
// admission has read it reads no more, an interval of the updater is one list a
// repository, and so is its restart.
func TestRequestsAreCountedByRepository(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.stopUpdater()
	t.Cleanup(func() { s.startUpdater() })
	repositories := make([]string, manyRepositories)
	for i := range repositories {
		repositories[i] = fmt.Sprintf("%s/app-%d", s.name, i)
		for _, tag := range []string{"1.2.0", "1.2.7"} {
			if _, err := s.Push(t.Context(), repositories[i], tag); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.only(s.start("--fresh-for=1h"))

	config := s.RESTConfig()
	config.WarningHandler = rest.NoWarnings{} // each says that it moved
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	deployments := client.AppsV1().Deployments(s.name)
	// One of each at first, as a registry is asked ten times a second at most.
	s.counted.since()
	for n := range manyRepositories {
		s.createCounted(deployments, n, repositories)
	}
	if _, lists := s.counted.since(); total(lists) != manyRepositories {
		t.Errorf("%d lists for the first workloads of %d repositories: %v", total(lists), manyRepositories, lists)
	}
	var writers sync.WaitGroup
	const parallel = 8
	for writer := range parallel {
		writers.Go(func() {
			for n := manyRepositories + writer; n < manyWorkloads; n += parallel {
				s.createCounted(deployments, n, repositories)
			}
		})
	}
	writers.Wait()
	if requests, _ := s.counted.since(); requests != 0 {
		t.Errorf("%d requests for %d more workloads of repositories that are known", requests, manyWorkloads-manyRepositories)
	}

	for _, test := range []struct {
		what  string
		lists int
	}{
		{"the start and the polls after it", 2},
		{"the restart", 1},
	} {
		s.counted.since()
		started := time.Now()
		s.startUpdater()
		s.await(fmt.Sprintf("%s to list each repository %d times", test.what, test.lists), func(context.Context) error {
			for _, repository := range repositories {
				if n := s.counted.listed(repository); n < test.lists {
					return fmt.Errorf("%s was listed %d times", repository, n)
				}
			}
			return nil
		})
		s.stopUpdater()
		requests, lists := s.counted.since()
		wantIntervals(t, test.what, started, lists)
		t.Logf("%s: %d lists, %d requests in all", test.what, total(lists), requests)
	}
}

// createCounted creates the n-th Deployment, which is all that the API server
// has of it: paused, and without Pods.
func (s *space) createCounted(deployments appsv1client.DeploymentInterface, n int, repositories []string) {
	one := s.of(s.t)
	one.image = s.counted.host() + "/" + repositories[n%len(repositories)]
	d := decode(s.t, one.manifest(fmt.Sprintf("web-%d", n), "1.2.0", "garboard.dev/policy: patch",
		fmt.Sprintf("garboard.dev/pollSchedule: %q", "@every "+countedInterval.String())))
	d.Spec.Replicas, d.Spec.Paused = new(int32), true
	created, err := deployments.Create(s.t.Context(), d, metav1.CreateOptions{})
	if err != nil {
		s.t.Error(err)
		return
	}
	if got, want := created.Spec.Template.Spec.Containers[0].Image, one.image+":1.2.7"; got != want {
		s.t.Errorf("workload %d runs %s, want %s", n, got, want)
	}
}

// wantIntervals fails where a repository was listed more often than its schedule
// allows since the updater was started. The part of a second by which the schedule
// comes out at a full one is left out of each interval. That holds on the busiest
// machine: a list may be late after its poll was due, but never early.
func wantIntervals(t *testing.T, what string, started time.Time, lists map[string][]time.Time) {
	t.Helper()
	for repository, times := range lists {
		for i, at := range times {
			if earliest := started.Add(time.Duration(i) * (countedInterval - time.Second)); at.Before(earliest) {
				t.Errorf("%s: list %d of %s came %s after the start", what, i+1, repository, at.Sub(started))
			}
		}
	}
}

func total(lists map[string][]time.Time) int {
	n := 0
	for _, times := range lists {
		n += len(times)
	}
	return n
}
