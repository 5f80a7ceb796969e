package cli

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

func TestTry(t *testing.T) {
	got := garboard(t, nil, nil, "try")
	if got.Code != 0 || got.Err != "" || !strings.Contains(got.Out, "\nEvery step held, in ") {
		t.Errorf("got %+v", got)
	}
}

func TestTryFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an argument":   {[]string{"now"}, 2, "\"now\": unexpected argument\n"},
		"no time":       {[]string{"--timeout=0s"}, 2, "--timeout: \"0s\": allowed: a duration above 0, such as 30s\n"},
		"too short one": {[]string{"--timeout=1ns"}, 1, "garboard: not done within --timeout=1ns: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := garboard(t, nil, nil, append([]string{"try"}, test.args...)...)
			if got.Code != test.code || !strings.HasPrefix(got.Err, test.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTryIsInterrupted(t *testing.T) {
	unset := func(string) (string, bool) { return "", false }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := Run(ctx, []string{"try"}, Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Env: unset}); code != cmdline.ExitInterrupted {
		t.Errorf("got code %d", code)
	}
}
