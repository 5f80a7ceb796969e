package status

import (
	"context"
	"fmt"
	"io"
	"strconv"
)

const (
	// MetricsPort is where the updater of the manifests serves its metrics.
	MetricsPort = 8080
	metricsPath = "/metrics"
)

// Metrics returns what each updater that does the work counts, in Prometheus' text
// format. It comes the way that List does, and needs the same rights.
func (c *Client) Metrics(ctx context.Context) ([][]byte, error) {
	owners, err := c.owners(ctx)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, 0, len(owners.pods))
	for _, pod := range owners.pods {
		text, err := c.metricsOf(ctx, pod)
		if err != nil {
			return nil, fmt.Errorf("asking the updater %s/%s for its metrics: %w", c.Namespace, pod, err)
		}
		all = append(all, text)
	}
	return all, nil
}

func (c *Client) metricsOf(ctx context.Context, pod string) ([]byte, error) {
	stream, err := c.Kube.CoreV1().RESTClient().Get().Namespace(c.Namespace).Resource("pods").SubResource("proxy").
		Name(pod + ":" + strconv.Itoa(MetricsPort)).Suffix(metricsPath).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	text, err := io.ReadAll(io.LimitReader(stream, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return text, nil
}
