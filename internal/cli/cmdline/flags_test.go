package cmdline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// Every command gets its flags read the same way; these are the kinds of flags
// that the servers have.
func TestReadsFlags(t *testing.T) {
	var workers int
	var wait time.Duration
	var elect bool
	command := &cobra.Command{
		Use: "server", SilenceErrors: true, SilenceUsage: true, Args: cobra.ExactArgs(1),
		PreRunE: func(*cobra.Command, []string) error { return errors.New("checked too") },
		RunE:    func(*cobra.Command, []string) error { return nil },
	}
	command.Flags().IntVarP(&workers, "workers", "w", 4, "workers")
	command.Flags().DurationVar(&wait, "wait-for", time.Second, "wait")
	command.Flags().BoolVarP(&elect, "elect", "e", true, "elect")
	ReadFlags(command, func(name string) (string, bool) { return "soon", name == "GARBOARD_WAIT_FOR" })
	command.SetArgs([]string{"-e", "--workers=many", "--elect=x", "-ew3"})
	err := command.ExecuteContext(t.Context())
	want := Faults{
		`--workers: "many": allowed: a whole number`,
		`--elect: "x": allowed: true, false`,
		`GARBOARD_WAIT_FOR: "soon": allowed: a duration, such as 1m30s`,
		"accepts 1 arg(s), received 0",
		"checked too",
	}
	var got Faults
	if !errors.As(err, &got) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" || workers != 3 || !elect {
		t.Errorf("workers %d, elect %v: (-want +got)\n%s", workers, elect, diff)
	}
}

func TestReport(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		code int
		text string
	}{
		"nothing":           {nil, 0, ""},
		"any error":         {errors.New("no"), 1, "garboard: no\n"},
		"an error's code":   {fmt.Errorf("outer: %w", &ExitError{3, errors.New("inner")}), 3, "garboard: outer: inner\n"},
		"faults of usage":   {fmt.Errorf("x: %w", Faults{"a", "b"}), 2, "a\nb\n"},
		"a code and a text": {&ExitError{2, errors.New("bad")}, 2, "garboard: bad\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if code := Report(&out, test.err); code != test.code || out.String() != test.text {
				t.Errorf("got code %d and %q", code, out.String())
			}
		})
	}
}
