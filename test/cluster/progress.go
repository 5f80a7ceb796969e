package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// reportEvery is how often a long build says where it is.
const reportEvery = 20 * time.Second

// coldBuild is more packages than a change of the control plane's own sources
// makes the go command compile.
const coldBuild = 100

// packageWeight is what a package takes however small it is, in bytes of source:
// the compiler starts and reads what is imported.
const packageWeight = 64 << 10

// progress counts what "go build -v" has said so far. It is an io.Writer for
// its standard error.
type progress struct {
	what string
	// weights are the packages to compile, with the time that they take in bytes
	// of source: the large packages come last.
	weights map[string]int64
	total   int64 // of all weights and the link

	mu        sync.Mutex
	rest      []byte // the beginning of a line
	compiled  int
	done      int64 // of the total
	downloads int
	messages  []string
}

func newProgress(what string, weights map[string]int64) *progress {
	p := &progress{what: what, weights: weights}
	for _, w := range weights {
		p.total += w
	}
	p.total += p.total / 10 // the link
	return p
}

// Write takes any piece of the output.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	for {
		line, rest, ok := bytes.Cut(p.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		p.rest = rest
		p.line(string(line))
	}
}

// line: -v prints the import path of each package that is compiled; all else
// has a space in it.
func (p *progress) line(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		p.downloads++
	case strings.Contains(line, " "):
		p.messages = append(p.messages, line)
	case line != "":
		p.compiled++
		p.done += p.weights[line]
	}
}

// String is one line for a person who waits. Downloads are over when the
// compiler, which began at the time given, starts.
func (p *progress) String(elapsed, compiling time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s strings.Builder
	fmt.Fprintf(&s, "building the %s: %s", p.what, elapsed.Round(time.Second))
	if p.downloads > 0 {
		fmt.Fprintf(&s, ", %d modules downloaded", p.downloads)
	}
	if len(p.weights) == 0 {
		return s.String()
	}
	fmt.Fprintf(&s, ", %d of %d packages compiled", p.compiled, len(p.weights))
	if left := estimate(p.done, p.total, compiling); left > 0 {
		fmt.Fprintf(&s, ", at this pace about %s left", left)
	}
	return s.String()
}

// estimate is the time that is left if it goes on as it went, rounded up to
// half a minute since it is no better than that; 0 = too early to tell.
func estimate(done, total int64, elapsed time.Duration) time.Duration {
	const step = 30 * time.Second
	if done <= 0 || done*20 < total || elapsed < reportEvery {
		return 0
	}
	left := time.Duration(float64(elapsed) * float64(max(total-done, 0)) / float64(done))
	return left.Truncate(step) + step
}

// build builds the packages of a pattern and reports how far it is.
func (b builder) build(ctx context.Context, what, pattern string, flags ...string) error {
	listing := newProgress(what, nil)
	weights, err := b.stale(ctx, listing, pattern, flags)
	if err != nil {
		return err
	}
	if len(weights) > coldBuild {
		say(b.log, "%d packages to compile, which takes minutes; the next start takes seconds", len(weights))
	}
	p := newProgress(what, weights)
	p.downloads = listing.downloads
	return b.run(p, b.command(ctx, "build", slices.Concat([]string{"-v", "-o", b.out + string(filepath.Separator)}, flags, []string{pattern})...))
}

// stale weighs the packages that are not in the build cache; it also makes the
// go command download all modules.
func (b builder) stale(ctx context.Context, p *progress, pattern string, flags []string) (map[string]int64, error) {
	const format = `{{if .Stale}}{{.ImportPath}}|{{.Dir}}|{{join .GoFiles "|"}}{{end}}`
	cmd := b.command(ctx, "list", slices.Concat([]string{"-deps", "-f", format}, flags, []string{pattern})...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := b.run(p, cmd); err != nil {
		return nil, err
	}
	weights := map[string]int64{}
	for line := range strings.Lines(out.String()) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		if len(fields) < 2 {
			continue
		}
		weights[fields[0]] = weigh(fields[1], fields[2:])
	}
	return weights, nil
}

// weigh tells how long a package takes to compile, beside others.
func weigh(dir string, files []string) int64 {
	size := int64(packageWeight)
	for _, name := range files {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			size += info.Size()
		}
	}
	return size
}

// run runs the command and prints p now and then.
func (b builder) run(p *progress, cmd *exec.Cmd) error {
	cmd.Stderr = p
	began := time.Now()
	done := make(chan error, 1)
	go func() {
		// See startProcess.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- cmd.Run()
	}()
	report := time.NewTicker(reportEvery)
	defer report.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("running go %s for the %s: %w\n%s", cmd.Args[1], p.what, err, strings.Join(p.messages, "\n"))
			}
			return nil
		case <-report.C:
			say(b.log, "%s", p.String(since(b.began), since(began)))
		}
	}
}

// say writes a line for a person; that it cannot be read stops nothing.
func say(log io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(log, "cluster: "+format+"\n", args...)
}

func since(began time.Time) time.Duration { return time.Since(began).Round(time.Second) }
