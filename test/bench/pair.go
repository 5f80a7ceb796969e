package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/cluster"
)

// startPatched starts the webhook that returns, for a Deployment of the benchmark, what
// Garboard returns for it.
func (b *bench) startPatched(ctx context.Context, certDir string) error {
	patch, err := b.patchOf(ctx, deployment("web", b.registry.host()+"/"+repository+":1.2.0"))
	if err != nil {
		return fmt.Errorf("asking Garboard for its patch: %w", err)
	}
	file := filepath.Join(b.cluster.Dir, "patch.json")
	if err := os.WriteFile(file, patch, 0o600); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	port, err := cluster.FreePort()
	if err != nil {
		return err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	b.patched, err = b.cluster.StartProcess("patched", program, nil, patchedCommand, "-addr", address, "-cert-dir", certDir, "-patch", file)
	if err != nil {
		return err
	}
	return b.cluster.Route("garboard/patched-webhook:443", address)
}

// sameStored returns an error unless both webhooks of the pair make the same of a
// Deployment.
func (b *bench) sameStored(ctx context.Context) error {
	var stored [2]map[string]string
	for i, v := range []*variant{b.named("warm"), b.named("patched")} {
		d, err := v.client.AppsV1().Deployments(v.namespace).Get(ctx, "web-"+strconv.FormatInt(v.created.Load(), 10), metav1.GetOptions{})
		if err != nil {
			return err
		}
		stored[i] = map[string]string{"image": d.Spec.Template.Spec.Containers[0].Image}
		maps.Copy(stored[i], d.Annotations)
		for key, value := range d.Spec.Template.Annotations {
			stored[i]["template "+key] = value
		}
	}
	if !maps.Equal(stored[0], stored[1]) {
		return fmt.Errorf("the two webhooks of the pair store different Deployments: %v and %v", stored[0], stored[1])
	}
	return nil
}

// pair is what was measured of two webhooks in turns.
type pair struct {
	took [2][]time.Duration
	cpu  [2]time.Duration
}

// besidePatched compares a warm admission with the webhook that returns the same patch:
// creations in turns, several times over, and the processor time of each process.
func (b *bench) besidePatched(ctx context.Context) error {
	if err := b.sameStored(ctx); err != nil {
		return err
	}
	const turns = 5
	fmt.Printf("\nGarboard warm beside one that returns the same patch and does nothing else, %d creations each, one by one in turns:\n\n", b.pairs)
	fmt.Println("| turn | p50 | p95 | p99 | of Garboard, p50 | processor time an admission | of Garboard's |")
	fmt.Println("|---|---|---|---|---|---|---|")
	var all pair
	var ratios []float64
	for turn := range turns {
		one, err := b.takeTurns(ctx)
		if err != nil {
			return err
		}
		for i := range all.took {
			all.took[i] = append(all.took[i], one.took[i]...)
			all.cpu[i] += one.cpu[i]
		}
		ratios = append(ratios, one.ratio(50))
		one.row(strconv.Itoa(turn + 1))
	}
	all.row("all")
	slices.Sort(ratios)
	fmt.Printf("\nMedian of the turns' ratios at p50: %.3f\n", ratios[len(ratios)/2])
	return nil
}

func (b *bench) takeTurns(ctx context.Context) (pair, error) {
	var p pair
	cases := []*variant{b.named("patched"), b.named("warm")}
	pids := []int{b.patched.Pid(), b.garboard.Webhooks()[0].Pid()}
	var before [2]time.Duration
	for i, pid := range pids {
		var err error
		if before[i], err = processorTime(pid); err != nil {
			return p, err
		}
	}
	for n := range b.pairs {
		for k := range cases {
			i := (n + k) % len(cases) // each goes first every other time
			took, err := cases[i].create(ctx)
			if err != nil {
				return p, fmt.Errorf("creating with %q: %w", cases[i].name, err)
			}
			p.took[i] = append(p.took[i], took)
		}
	}
	for i, pid := range pids {
		after, err := processorTime(pid)
		if err != nil {
			return p, err
		}
		p.cpu[i] = after - before[i]
	}
	return p, nil
}

func (p *pair) at(i, percent int) time.Duration {
	return p.took[i][min(len(p.took[i])*percent/100, len(p.took[i])-1)]
}

func (p *pair) ratio(percent int) float64 {
	for i := range p.took {
		slices.Sort(p.took[i])
	}
	return float64(p.at(1, percent)) / float64(p.at(0, percent))
}

// row prints ratios, and the two figures that the first and the last are of.
func (p *pair) row(name string) {
	each := func(i int) time.Duration { return p.cpu[i] / time.Duration(len(p.took[i])) }
	fmt.Printf("| %s | %.3f | %.3f | %.3f | %.2f ms, of the other %.2f ms | %.2f times | %d µs, of the other %d µs |\n",
		name, p.ratio(50), p.ratio(95), p.ratio(99), milliseconds(p.at(1, 50)), milliseconds(p.at(0, 50)),
		float64(p.cpu[1])/float64(max(p.cpu[0], 1)), each(1).Microseconds(), each(0).Microseconds())
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
