package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/cluster"
)

// startPatched starts the webhooks that return, for a Deployment of the benchmark, what
// Garboard returns for it.
func (b *bench) startPatched(ctx context.Context, certDir string) error {
	answer, err := b.answerOf(ctx, deployment("web", b.registry.host()+"/"+repository+":1.2.0"))
	if err != nil {
		return fmt.Errorf("asking Garboard for its patch: %w", err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	file := filepath.Join(b.cluster.Dir, "answer.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	b.patched = map[string]*cluster.Process{}
	for name, command := range map[string]string{"patched": patchedCommand, "whole": patchedCommand, "library": libraryCommand} {
		number, err := cluster.FreePort()
		if err != nil {
			return err
		}
		port := strconv.Itoa(number)
		b.patched[name], err = b.cluster.StartProcess(name, program, nil, command, "-port", port, "-cert-dir", certDir, "-answer", file)
		if err != nil {
			return err
		}
		if err := b.cluster.Route("garboard/"+name+"-webhook:443", net.JoinHostPort(loopback, port)); err != nil {
			return err
		}
	}
	return nil
}

// sameStored returns an error unless all make the same of a Deployment.
func sameStored(ctx context.Context, cases []*variant) error {
	var first map[string]string
	for _, v := range cases {
		d, err := v.client.AppsV1().Deployments(v.namespace).Get(ctx, "web-"+strconv.FormatInt(v.created.Load(), 10), metav1.GetOptions{})
		if err != nil {
			return err
		}
		stored := map[string]string{"image": d.Spec.Template.Spec.Containers[0].Image}
		maps.Copy(stored, d.Annotations)
		for key, value := range d.Spec.Template.Annotations {
			stored["template "+key] = value
		}
		if first == nil {
			first = stored
		}
		if !maps.Equal(first, stored) {
			return fmt.Errorf("webhooks with the same patch store different Deployments: %v and %v", first, stored)
		}
	}
	return nil
}

// inTurns is what was measured of one of the webhooks that take turns.
type inTurns struct {
	*variant

	pid  int
	took []time.Duration // all turns
	cpu  time.Duration
	// ratios are those of the turns at p50, to the first of the webhooks.
	ratios []float64
}

// besidePatched compares a warm admission with webhooks that return the same patch:
// creations in turns, several times over, and the processor time of each process.
func (b *bench) besidePatched(ctx context.Context) error {
	all := []*inTurns{
		{variant: b.named("patched"), pid: b.patched["patched"].Pid()},
		{variant: b.named("whole"), pid: b.patched["whole"].Pid()},
		{variant: b.named("library"), pid: b.patched["library"].Pid()},
		{variant: b.named("warm"), pid: b.garboard.Webhooks()[0].Pid()},
	}
	cases := make([]*variant, 0, len(all))
	for _, one := range all {
		cases = append(cases, one.variant)
	}
	if err := sameStored(ctx, cases); err != nil {
		return err
	}
	const turns = 5
	for range turns {
		if err := takeTurns(ctx, all, b.pairs); err != nil {
			return err
		}
	}
	fmt.Printf("\nThe same patch, %d times %d creations each, one by one in turns; in brackets how many times the first webhook's:\n\n", turns, b.pairs)
	fmt.Println("| webhook | p50 | p95 | p99 | turns at p50 | processor time of the process, an admission |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, one := range all {
		one.row(all[0])
	}
	return nil
}

// takeTurns creates n Deployments with each.
func takeTurns(ctx context.Context, all []*inTurns, n int) error {
	for _, one := range all {
		before, err := processorTime(one.pid)
		if err != nil {
			return err
		}
		one.cpu -= before
	}
	for i := range n * len(all) {
		one := all[(i+i/len(all))%len(all)] // each goes first in its turn
		took, err := one.create(ctx)
		if err != nil {
			return fmt.Errorf("creating with %q: %w", one.name, err)
		}
		one.took = append(one.took, took)
	}
	for _, one := range all {
		after, err := processorTime(one.pid)
		if err != nil {
			return err
		}
		one.cpu += after
		one.ratios = append(one.ratios, float64(percentile(one.took[len(one.took)-n:], 50))/float64(percentile(all[0].took[len(all[0].took)-n:], 50)))
	}
	return nil
}

func percentile(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// row prints the figures, and how many times the first's they are.
func (t *inTurns) row(first *inTurns) {
	fmt.Printf("| %s |", t.name)
	for _, percent := range []int{50, 95, 99} {
		mine, other := percentile(t.took, percent), percentile(first.took, percent)
		fmt.Printf(" %.2f ms (%.3f) |", milliseconds(mine), float64(mine)/float64(other))
	}
	each := (t.cpu / time.Duration(len(t.took))).Microseconds()
	fmt.Printf(" %.3f | %d µs (%.2f) |\n", t.ratios, each, float64(t.cpu)/float64(max(first.cpu, 1)))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// tick is what Linux counts processor time in, where it tells it of a process.
const tick = 10 * time.Millisecond

// processorTime is what a process has used so far.
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, fmt.Errorf("reading a webhook's processor time: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have blanks
	fields := strings.Fields(rest)
	const user, system = 11, 12 // behind the name
	if len(fields) <= system {
		return 0, fmt.Errorf("reading a webhook's processor time: %q has too few fields", text)
	}
	var used time.Duration
	for _, field := range []string{fields[user], fields[system]} {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading a webhook's processor time: %w", err)
		}
		used += time.Duration(ticks) * tick
	}
	return used, nil
}
