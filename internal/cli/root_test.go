package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cli/version"
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
		"a file without -f":    {args: []string{"resolve", "a.yaml"}, want: outcome{Code: 2, Err: "\"a.yaml\": unexpected argument; files are named by -f\n"}},
		"files without -f":     {args: []string{"migrate", "keel", "a", "b"}, want: outcome{Code: 2, Err: "\"a\": unexpected argument; files are named by -f\n\"b\": unexpected argument; files are named by -f\n"}},
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

func TestVersion(t *testing.T) {
	if got := garboard(t, nil, nil, "version"); got.Code != 0 || !strings.HasPrefix(got.Out, "garboard "+version.Version) {
		t.Errorf("got %+v", got)
	}
	var info version.BuildInfo
	if err := json.Unmarshal([]byte(garboard(t, nil, nil, "version", "-o", "json").Out), &info); err != nil || info.Go == "" {
		t.Errorf("got %+v, error %v", info, err)
	}
	if got := garboard(t, nil, map[string]string{"GARBOARD_OUTPUT": "yaml"}, "version"); !strings.Contains(got.Out, "\nversion: ") {
		t.Errorf("got %+v", got)
	}
}
