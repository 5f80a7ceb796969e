package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics that several steps read.
const (
	metricCPU      = "process_cpu_seconds_total"
	metricResident = "process_resident_memory_bytes"
	metricPolls    = "garboard_updater_polls_total"
	metricMoved    = `garboard_updater_bumps_total{outcome="moved"}`
	// metricShards is 1 for each Lease that an updater holds.
	metricShards = "leader_election_master_status"
)

// metrics are those of a process, summed up by name, and each with its labels.
type metrics map[string]float64

func readMetrics(ctx context.Context, url string) (metrics, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return parseMetrics(response.Body)
}

func parseMetrics(text io.Reader) (metrics, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, err
	}
	all := metrics{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			all[name] += value
			for _, label := range m.GetLabel() {
				all[fmt.Sprintf("%s{%s=%q}", name, label.GetName(), label.GetValue())] += value
			}
		}
	}
	return all, nil
}

// each wants a metric of each updater to be in a range.
func each(name string, least, most float64) func([]metrics) error {
	return func(all []metrics) error {
		for _, of := range all {
			if of[name] < least || of[name] > most {
				return fmt.Errorf("%s is %v, want %v to %v for each updater", name, values(all, name), least, most)
			}
		}
		return nil
	}
}

// together wants the sum of a metric to be so much, or more.
func together(name string, least float64) func([]metrics) error {
	return func(all []metrics) error {
		sum := 0.0
		for _, value := range values(all, name) {
			sum += value
		}
		if sum < least {
			return fmt.Errorf("%s is %v, want %v together", name, values(all, name), least)
		}
		return nil
	}
}

func values(all []metrics, name string) []float64 {
	found := make([]float64, 0, len(all))
	for _, of := range all {
		found = append(found, of[name])
	}
	return found
}
