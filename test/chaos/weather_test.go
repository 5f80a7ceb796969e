package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/garboard-dev/garboard/test/cluster"
)

// weather knows when a write may fail: while the API server is away, and while a
// replica that was killed takes the requests with it that it had in hand. At any
// other time each write must succeed, and each call of a webhook be answered.
type weather struct {
	client kubernetes.Interface

	mu      sync.Mutex
	spells  []*spell
	excused map[string]int // failed writes, by the trouble that excuses them
	latest  string         // trouble, with its stage and when that began
	// counted is what the API server counted of failed calls so far; outside
	// those of them that fell into no spell.
	counted, outside int
}

// spell is a time of trouble.
type spell struct {
	trouble  string
	from, to time.Time // to is zero while it lasts
}

func newWeather(client kubernetes.Interface) *weather {
	return &weather{client: client, excused: map[string]int{}}
}

// turns notes what has just happened, for a fault to tell.
func (w *weather) turns(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = fmt.Sprintf("%s at %s", what, time.Now().Format(time.StampMilli))
}

func (w *weather) lately() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("at %s (last: %s)", time.Now().Format(time.StampMilli), w.latest)
}

// begin opens a spell; the trouble itself comes after.
func (w *weather) begin(ctx context.Context, trouble string) (*spell, error) {
	s := &spell{trouble: trouble, from: time.Now()}
	w.mu.Lock()
	w.spells = append(w.spells, s)
	w.mu.Unlock()
	return s, w.count(ctx, true)
}

// end closes it, once nothing fails any more.
func (w *weather) end(ctx context.Context, s *spell) error {
	if err := w.count(ctx, false); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.to = time.Now()
	return nil
}

// count reads how many calls of webhooks have failed. Those since the last
// reading fell outside of a spell, or into it.
func (w *weather) count(ctx context.Context, outside bool) error {
	failed, err := failedCalls(ctx, w.client)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if outside {
		w.outside += failed - w.counted
	}
	w.counted = failed // a new API server begins at zero
	return nil
}

// excuses reports whether a write that failed at this time was bound to.
func (w *weather) excuses(from, to time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.spells {
		if !s.from.After(to) && (s.to.IsZero() || !s.to.Before(from)) {
			w.excused[s.trouble]++
			return true
		}
	}
	return false
}

// failedCalls is how many calls of Garboard's webhooks have come to nothing: no
// connection, no answer in time, or none that can be read.
func failedCalls(ctx context.Context, client kubernetes.Interface) (int, error) {
	page, err := client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	total := 0
	lines := bufio.NewScanner(bytes.NewReader(page))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		failed := strings.HasPrefix(line, "apiserver_admission_webhook_rejection_count{") && strings.Contains(line, `error_type="calling_webhook_error"`)
		if !failed && !strings.HasPrefix(line, "apiserver_admission_webhook_fail_open_count{") || !strings.Contains(line, ".garboard.dev") {
			continue
		}
		n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading %q: %w", line, err)
		}
		total += int(n)
	}
	return total, lines.Err()
}

// loggedFailures are the API server's own lines of calls that came to nothing: when, and why.
func loggedFailures(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(c.Dir, "kube-apiserver.log"))
	if err != nil {
		t.Error(err)
	}
	var failed strings.Builder
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "Failed calling webhook") && strings.Contains(line, ".garboard.dev") {
			failed.WriteString(line)
		}
	}
	return failed.String()
}
