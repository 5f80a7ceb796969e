package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestRoot(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want outcome
	}{
		"an unknown command": {
			args: []string{"selct", "--policy", "x"},
			want: outcome{Code: 2, Err: "\"selct\": unknown command; did you mean select?\n"},
		},
		"an unknown flag":      {args: []string{"--bogus"}, want: outcome{Code: 2, Err: "--bogus: unknown flag\n"}},
		"two arguments":        {args: []string{"version", "a", "b"}, want: outcome{Code: 2, Err: "\"a\": unexpected argument\n\"b\": unexpected argument\n"}},
		"a bad format":         {args: []string{"version", "-oxml"}, want: outcome{Code: 2, Err: "--output: \"xml\": allowed: json, yaml\n"}},
		"a format left out":    {args: []string{"version", "-o"}, want: outcome{Code: 2, Err: "--output: needs a value\n"}},
		"a flag no byte names": {args: []string{"version", "-ö"}, want: outcome{Code: 2, Err: "-ö: unknown flag\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, garboard(t, strings.NewReader(""), nil, test.args...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for name, args := range map[string][]string{
		"no command":              {},
		"the flag":                {"--help"},
		"a command's":             {"select", "-h"},
		"among faults":            {"select", "--bogus", "--help"},
		"the help command":        {"help", "select"},
		"a command takes nothing": {"version", "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			got := garboard(t, strings.NewReader(""), nil, args...)
			if got.Code != 0 || got.Err != "" || !strings.Contains(got.Out, "Usage:") {
				t.Errorf("got %+v", got)
			}
		})
	}
	if help := garboard(t, nil, nil, "select", "--help").Out; !strings.Contains(help, "(env GARBOARD_MATCH_PRERELEASE)") {
		t.Errorf("the help of select does not name the environment:\n%s", help)
	}
}

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
	readsFlags(command, func(name string) (string, bool) { return "soon", name == "GARBOARD_WAIT_FOR" })
	command.SetArgs([]string{"-e", "--workers=many", "--elect=x", "-ew3"})
	err := command.ExecuteContext(t.Context())
	want := usageFaults{
		`--workers: "many": allowed: a whole number`,
		`--elect: "x": allowed: true, false`,
		`GARBOARD_WAIT_FOR: "soon": allowed: a duration, such as 1m30s`,
		"accepts 1 arg(s), received 0",
		"checked too",
	}
	var got usageFaults
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
		"an error's code":   {fmt.Errorf("outer: %w", &exitError{3, errors.New("inner")}), 3, "garboard: outer: inner\n"},
		"faults of usage":   {fmt.Errorf("x: %w", usageFaults{"a", "b"}), 2, "a\nb\n"},
		"a code and a text": {&exitError{2, errors.New("bad")}, 2, "garboard: bad\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if code := report(&out, test.err); code != test.code || out.String() != test.text {
				t.Errorf("got code %d and %q", code, out.String())
			}
		})
	}
}

func TestVersion(t *testing.T) {
	if got := garboard(t, nil, nil, "version"); got.Code != 0 || !strings.HasPrefix(got.Out, "garboard "+version) {
		t.Errorf("got %+v", got)
	}
	var info buildInfo
	if err := json.Unmarshal([]byte(garboard(t, nil, nil, "version", "-o", "json").Out), &info); err != nil || info.Go == "" {
		t.Errorf("got %+v, error %v", info, err)
	}
	if got := garboard(t, nil, map[string]string{"GARBOARD_OUTPUT": "yaml"}, "version"); !strings.Contains(got.Out, "\nversion: ") {
		t.Errorf("got %+v", got)
	}
}

func TestBuildInfo(t *testing.T) {
	recorded := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	recorded.Main.Version = "v1.2.3"
	for name, test := range map[string]struct {
		linked string
		build  *debug.BuildInfo
		want   string
	}{
		"what the linker says":           {"v2.0.0", recorded, "garboard v2.0.0 (abc, changed) "},
		"else what the Go tool recorded": {"devel", recorded, "garboard v1.2.3 (abc, changed) "},
		"no record":                      {"devel", nil, "garboard devel go"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readBuildInfo(test.linked, test.build).String(); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q…", got, test.want)
			}
		})
	}
}
