package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// reportEvery is how often a long build says where it is.
const reportEvery = 20 * time.Second

// coldBuild is more packages than a change of the control plane's own sources
// makes the go command compile.
const coldBuild = 100

// progress counts what "go build -v" has said so far. It is an io.Writer for
// its standard error.
type progress struct {
	what  string
	total int // packages to compile; 0 = unknown

	mu        sync.Mutex
	rest      []byte // the beginning of a line
	compiled  int
	downloads int
	messages  []string
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
	}
}

// String is one line for a person who waits.
func (p *progress) String(elapsed time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s strings.Builder
	fmt.Fprintf(&s, "building the %s: %s", p.what, elapsed.Round(time.Second))
	if p.downloads > 0 {
		fmt.Fprintf(&s, ", %d modules downloaded", p.downloads)
	}
	if p.total == 0 {
		fmt.Fprintf(&s, ", %d packages compiled", p.compiled)
		return s.String()
	}
	fmt.Fprintf(&s, ", %d of %d packages compiled", p.compiled, p.total)
	if left := estimate(p.compiled, p.total, elapsed); left > 0 {
		fmt.Fprintf(&s, ", about %s left", left)
	}
	return s.String()
}

// estimate is the time that is left if it goes on as it went, rounded up to
// half a minute since it is no better than that; 0 = too early to tell.
func estimate(compiled, total int, elapsed time.Duration) time.Duration {
	const step = 30 * time.Second
	if compiled == 0 || compiled*20 < total || elapsed < reportEvery {
		return 0
	}
	left := elapsed * time.Duration(max(total-compiled, 0)) / time.Duration(compiled)
	return left.Truncate(step) + step // the linker comes last
}

// build runs a go command that compiles and reports how far it is.
func (b builder) build(ctx context.Context, what, verb string, args ...string) error {
	p := &progress{what: what}
	if verb == "build" {
		total, err := b.stale(ctx, p, args[len(args)-1])
		if err != nil {
			return err
		}
		p.total = total
		if total > coldBuild {
			say(b.log, "%d packages to compile, which takes minutes; the next start takes seconds", total)
		}
	}
	return b.run(p, b.command(ctx, verb, append([]string{"-v"}, args...)...))
}

// stale counts the packages that are not in the build cache; it also makes the
// go command download all modules.
func (b builder) stale(ctx context.Context, p *progress, pattern string) (int, error) {
	cmd := b.command(ctx, "list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", pattern)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := b.run(p, cmd); err != nil {
		return 0, err
	}
	return lines(&out), nil
}

func lines(r io.Reader) (n int) {
	for s := bufio.NewScanner(r); s.Scan(); {
		n++
	}
	return n
}

// run runs the command and prints p now and then.
func (b builder) run(p *progress, cmd *exec.Cmd) error {
	cmd.Stderr = p
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
			say(b.log, "%s", p.String(since(b.began)))
		}
	}
}

// say writes a line for a person; that it cannot be read stops nothing.
func say(log io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(log, "cluster: "+format+"\n", args...)
}

func since(began time.Time) time.Duration { return time.Since(began).Round(time.Second) }
