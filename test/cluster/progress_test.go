package cluster

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestEstimate(t *testing.T) {
	tests := map[string]struct {
		compiled, total int
		elapsed         time.Duration
		want            time.Duration
	}{
		"nothing is known at the beginning":             {compiled: 0, total: 3000, elapsed: 30 * time.Second},
		"few packages tell nothing":                     {compiled: 100, total: 3000, elapsed: 30 * time.Second},
		"a short time tells nothing":                    {compiled: 2000, total: 3000, elapsed: 5 * time.Second},
		"half done takes as long again, and the link":   {compiled: 1500, total: 3000, elapsed: 3 * time.Minute, want: 3*time.Minute + 30*time.Second},
		"the rest is rounded up":                        {compiled: 2000, total: 3000, elapsed: 3 * time.Minute, want: 2 * time.Minute},
		"all compiled leaves the link":                  {compiled: 3000, total: 3000, elapsed: 5 * time.Minute, want: 30 * time.Second},
		"more than expected is never a negative time":   {compiled: 3001, total: 3000, elapsed: 5 * time.Minute, want: 30 * time.Second},
		"a total of one that is done is not a division": {compiled: 1, total: 1, elapsed: time.Minute, want: 30 * time.Second},
		"an empty build is not a division by zero":      {compiled: 0, total: 0, elapsed: time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := estimate(test.compiled, test.total, test.elapsed); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestProgressReadsWhatTheGoCommandSays(t *testing.T) {
	p := &progress{what: "control plane", total: 4}
	// The go command's output comes in any pieces.
	for _, piece := range []string{
		"go: downloading k8s.io/api v0.37.2\ngo: downl", "oading k8s.io/kubectl v0.37.2\n",
		"internal/goarch\nk8s.io/a", "pi/core/v1\n", "# k8s.io/broken\nx.go:1:2: no such thing\n", "half",
	} {
		if _, err := io.WriteString(p, piece); err != nil {
			t.Fatal(err)
		}
	}
	want := "building the control plane: 1m30s, 2 modules downloaded, 2 of 4 packages compiled, about 2m0s left"
	if got := p.String(90 * time.Second); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := strings.Join(p.messages, "|"), "# k8s.io/broken|x.go:1:2: no such thing"; got != want {
		t.Errorf("messages %q, want %q", got, want)
	}
	p.total = 0
	want = "building the control plane: 1m30s, 2 modules downloaded, 2 packages compiled"
	if got := fmt.Sprint(p.String(90 * time.Second)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
