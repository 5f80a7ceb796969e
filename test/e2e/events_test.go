package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// event waits for an Event on the Deployment.
func (s *space) event(name, reason, message string) {
	s.t.Helper()
	of := metav1.ListOptions{FieldSelector: "reason=" + reason + ",involvedObject.name=" + name}
	s.await("the Event "+reason, func(ctx context.Context) error {
		events, err := s.Client().CoreV1().Events(s.name).List(ctx, of)
		if err != nil {
			return err
		}
		said := make([]string, 0, len(events.Items))
		for i := range events.Items {
			said = append(said, events.Items[i].Message)
		}
		if !strings.Contains(strings.Join(said, " "), message) {
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
}

// polls is how many polls the updater has made.
func (s *space) polls() int {
	s.t.Helper()
	return s.metric(s.garboard.Updater().Metrics, "garboard_updater_polls_total")
}

// metric adds up the values of a metric, over all of its labels.
func (s *space) metric(base, name string) int {
	s.t.Helper()
	sum, err := metricOf(s.t.Context(), base, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return sum
}

func metricOf(ctx context.Context, base, name string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return int(sum), lines.Err()
}

// refused checks that setting the Deployment's tag is refused.
func (s *space) refused(name, tag string) func(context.Context) error {
	return func(context.Context) error {
		_, _, err := s.kubectl("", "set", "image", "deployment/"+name, "web="+s.image+":"+tag, "--dry-run=server")
		if err == nil {
			return fmt.Errorf("%s was admitted", tag)
		}
		if !strings.Contains(err.Error(), "spec.template.spec.containers[0].image") {
			return err
		}
		return nil
	}
}

// creates checks that a Deployment that is created with a tag gets another.
func (s *space) creates(name, tag, want string) func(context.Context) error {
	return func(context.Context) error {
		created, _, err := s.create(s.manifest(name, tag, quiet), metav1.DryRunAll)
		if err != nil {
			return err
		}
		if image := created.Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+want) {
			return fmt.Errorf("it names %s", image)
		}
		return nil
	}
}
