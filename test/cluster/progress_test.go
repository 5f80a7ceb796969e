package cluster

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestEstimate(t *testing.T) {
	tests := map[string]struct {
		done, total int64
		elapsed     time.Duration
		want        time.Duration
	}{
		"nothing is known at the beginning":             {done: 0, total: 3000, elapsed: 30 * time.Second},
		"a little tells nothing":                        {done: 100, total: 3000, elapsed: 30 * time.Second},
		"a short time tells nothing":                    {done: 2000, total: 3000, elapsed: 5 * time.Second},
		"half done takes as long again":                 {done: 1500, total: 3000, elapsed: 3 * time.Minute, want: 3*time.Minute + 30*time.Second},
		"the rest is rounded up":                        {done: 2000, total: 3000, elapsed: 3 * time.Minute, want: 2 * time.Minute},
		"a slow machine is told its own time":           {done: 1500, total: 3000, elapsed: 40 * time.Minute, want: 40*time.Minute + 30*time.Second},
		"all done is still not said to take nothing":    {done: 3000, total: 3000, elapsed: 5 * time.Minute, want: 30 * time.Second},
		"more than expected is never a negative time":   {done: 3001, total: 3000, elapsed: 5 * time.Minute, want: 30 * time.Second},
		"an empty build is not a division by zero":      {done: 0, total: 0, elapsed: time.Minute},
		"gigabytes for hours are not more than fits in": {done: 1 << 30, total: 4 << 30, elapsed: 10 * time.Hour, want: 30*time.Hour + 30*time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := estimate(test.done, test.total, test.elapsed); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestProgressReadsWhatTheGoCommandSays(t *testing.T) {
	p := newProgress("control plane", map[string]int64{
		"internal/goarch": 200, "k8s.io/api/core/v1": 2000, "k8s.io/small": 0, "k8s.io/large": 7800,
	})
	// The go command's output comes in any pieces.
	for _, piece := range []string{
		"go: downloading k8s.io/api v0.37.2\ngo: downl", "oading k8s.io/kubectl v0.37.2\n",
		"internal/goarch\nk8s.io/a", "pi/core/v1\n", "# k8s.io/broken\nx.go:1:2: no such thing\n", "half",
	} {
		if _, err := io.WriteString(p, piece); err != nil {
			t.Fatal(err)
		}
	}
	// A fifth is done: the large package and the link are four times as much.
	want := "building the control plane: 1m40s, 2 modules downloaded, 2 of 4 packages compiled, at this pace about 4m30s left"
	if got := p.String(100*time.Second, time.Minute); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := strings.Join(p.messages, "|"), "# k8s.io/broken|x.go:1:2: no such thing"; got != want {
		t.Errorf("messages %q, want %q", got, want)
	}
	listing := newProgress("control plane", nil)
	if _, err := io.WriteString(listing, "go: downloading k8s.io/api v0.37.2\n"); err != nil {
		t.Fatal(err)
	}
	want = "building the control plane: 1m30s, 1 modules downloaded"
	if got := listing.String(90*time.Second, 90*time.Second); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
