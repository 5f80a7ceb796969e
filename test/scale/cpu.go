package main

import (
	"bytes"
	"context"
	"fmt"
)

// cpu are seconds of a CPU that processes took.
type cpu struct{ Updater, APIServer float64 }

func (c cpu) since(before cpu) cpu {
	return cpu{Updater: c.Updater - before.Updater, APIServer: c.APIServer - before.APIServer}
}

// cpu reads what they have taken since their start, as each says itself.
func (s *stage) cpu(ctx context.Context) (cpu, error) {
	const taken = "process_cpu_seconds_total"
	ours, err := s.metrics(ctx)
	if err != nil {
		return cpu{}, fmt.Errorf("reading the updater's metrics: %w", err)
	}
	text, err := s.client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return cpu{}, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	theirs, err := parseMetrics(bytes.NewReader(text))
	if err != nil {
		return cpu{}, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	return cpu{Updater: ours[taken], APIServer: theirs[taken]}, nil
}
