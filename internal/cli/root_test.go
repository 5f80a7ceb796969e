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
		"help about no command": {
			args: []string{"help", "statsu"},
			want: outcome{Code: 2, Err: "\"statsu\": unknown command; did you mean status?\n"},
		},
		"help about none of a group": {
			args: []string{"help", "hold", "clean"},
			want: outcome{Code: 2, Err: "\"clean\": unknown command; did you mean clear?\n"},
		},
		"help below a command": {
			args: []string{"help", "hold", "set", "x"},
			want: outcome{Code: 2, Err: "\"x\": unknown command; garboard hold set has none below it\n"},
		},
		"a shell that is misspelt": {
			args: []string{"completion", "powershel"},
			want: outcome{Code: 2, Err: "\"powershel\": unknown command; did you mean powershell?\n"},
		},
		"an unknown flag": {args: []string{"--bogus"}, want: outcome{Code: 2, Err: "--bogus: unknown flag\n"}},
		"a container that is held twice": {
			args: []string{"hold", "set", "deployment/shop", "web=1.2.8", "web=1.2.9"},
			want: outcome{Code: 2, Err: "\"web=1.2.9\": web is named twice; allowed: one version a container\n"},
		},
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

// What a shell asks as a person presses the key that completes a word.
func TestCompletion(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a command":                        {[]string{"hol"}, "hold\n:4\n"},
		"a flag":                           {[]string{"status", "--upd"}, "--updater-url\n:4\n"},
		"the words of a flag":              {[]string{"status", "-A", "-o", ""}, "table\nwide\njson\nyaml\n:4\n"},
		"the words of a plan's format":     {[]string{"migrate", "keel", "--output", ""}, "text\njson\nyaml\n:4\n"},
		"a workload is no file":            {[]string{"history", ""}, ":4\n"},
		"behind a flag and its value, too": {[]string{"history", "-n", "shop", ""}, ":4\n"},
		"a file":                           {[]string{"registry", "config", "validate", ""}, ":0\n"},
		"a file of a flag":                 {[]string{"resolve", "-f", ""}, ":0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := garboard(t, nil, nil, append([]string{"__completeNoDesc"}, test.args...)...)
			if got.Code != 0 || got.Out != test.want {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
	if script := garboard(t, nil, nil, "completion", "bash").Out; !strings.Contains(script, "complete -o default -F __start_garboard garboard") {
		t.Errorf("no completion of bash:\n%.200s", script)
	}
}
