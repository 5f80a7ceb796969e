package stories

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	loadLasts      = 15 * time.Second
	loadClients    = 16
	loadContainers = 40
	loadText       = 100 << 10 // bytes of an annotation that is none of Garboard's
)

// large makes a Deployment of what the API server lets in, but few write.
func large(d *appsv1.Deployment) {
	d.Annotations["example.com/text"] = strings.Repeat("x", loadText)
	containers := &d.Spec.Template.Spec.Containers
	for i := range loadContainers {
		*containers = append(*containers, corev1.Container{Name: fmt.Sprintf("c%d", i), Image: (*containers)[0].Image})
	}
}

// loaded asks admission about large objects, as fast as some clients can. The webhooks
// stay below their limits of memory, which the kernel holds, and none is started again.
func (n *node) loaded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), loadLasts)
	defer cancel()
	counts := make([]int, loadClients)
	var clients errgroup.Group
	for i := range loadClients {
		clients.Go(func() error {
			for ctx.Err() == nil {
				if _, err := n.dryRun(ctx, "writes", n.Registry+"/writes/shop:1.2.0", large); err != nil {
					if ctx.Err() != nil {
						return nil //nolint:nilerr // the time is up
					}
					return err
				}
				counts[i]++
			}
			return nil
		})
	}
	must(t, clients.Wait())
	total := 0
	for _, c := range counts {
		total += c
	}
	if total < loadClients {
		t.Errorf("only %d reviews in %s", total, loadLasts)
	}
	pods, err := n.Client().CoreV1().Pods("garboard").List(t.Context(), metav1.ListOptions{LabelSelector: webhookPods})
	must(t, err)
	for i := range pods.Items {
		pod := &pods.Items[i]
		c := pod.Status.ContainerStatuses[0]
		if c.RestartCount != 0 {
			t.Errorf("%s was started again: %+v", pod.Name, c.LastTerminationState)
		}
		limit, peak, err := n.memory(pod)
		must(t, err)
		t.Logf("%d reviews in %s: %s has had %d MiB at the most, of %d MiB", total, loadLasts, pod.Name, peak>>20, limit>>20)
		if want := pod.Spec.Containers[0].Resources.Limits.Memory().Value(); limit != want {
			t.Errorf("the kernel holds %s to %d bytes, and the Pod says %d", pod.Name, limit, want)
		}
		if peak > limit*9/10 {
			t.Errorf("%s has had %d MiB, of %d MiB", pod.Name, peak>>20, limit>>20)
		}
	}
}

// memory is the limit of a Pod's container, and the most that it has had, as the kernel
// counts, with what it caches of files.
func (n *node) memory(pod *corev1.Pod) (limit, peak int64, err error) {
	_, id, _ := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")
	files := [2]string{"memory.limit_in_bytes", "memory.max_usage_in_bytes"}
	if n.cgroups.Unified {
		files = [2]string{"memory.max", "memory.peak"}
	}
	err = errors.New("no such container")
	for _, at := range n.cgroups.Hierarchies {
		walkErr := filepath.WalkDir(filepath.Join(at, filepath.Base(n.dir)), func(path string, entry fs.DirEntry, walkErr error) error {
			if walkErr != nil || !entry.IsDir() || filepath.Base(path) != id {
				return walkErr
			}
			if _, statErr := os.Stat(filepath.Join(path, files[0])); statErr != nil {
				return nil //nolint:nilerr // another controller's
			}
			var peakErr error
			limit, err = readNumber(filepath.Join(path, files[0]))
			peak, peakErr = readNumber(filepath.Join(path, files[1]))
			err = errors.Join(err, peakErr)
			return fs.SkipAll
		})
		if walkErr != nil {
			return 0, 0, walkErr
		}
	}
	return limit, peak, err
}

func readNumber(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
