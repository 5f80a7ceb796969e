package cli

import (
	"strings"
	"testing"
)

// kubectl runs the file kubectl-garboard of its PATH: what the help tells to
// type must work there.
func TestHelpNamesWhatIsTyped(t *testing.T) {
	for name, test := range map[string]struct {
		program string
		args    []string
		want    []string
	}{
		"under its own name": {
			program: "/usr/local/bin/garboard", args: []string{"hold", "list", "--help"},
			want: []string{"  garboard hold list [flags]", "\n  garboard hold list -A -o json"},
		},
		"as a plugin": {
			program: "/home/me/.krew/bin/kubectl-garboard", args: []string{"hold", "list", "--help"},
			want: []string{"  kubectl garboard hold list [flags]", "\n  kubectl garboard hold list -A -o json"},
		},
		"as a plugin of Windows": {
			program: "kubectl-garboard.exe", args: []string{"hold", "--help"}, want: []string{"  kubectl garboard hold [command]"},
		},
		"behind a pipe": {
			program: "kubectl-garboard", args: []string{"registry", "tags", "--help"},
			want: []string{"\n  kubectl garboard registry tags nginx --list | kubectl garboard select "},
		},
		"and the root": {
			program: "kubectl-garboard", args: []string{"--help"}, want: []string{"  kubectl garboard [command]", `"kubectl garboard [command] --help"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			code := Run(t.Context(), test.args, Streams{
				Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }, Program: test.program,
			})
			if code != 0 || errs.Len() > 0 {
				t.Fatalf("code %d: %s", code, errs.String())
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
		})
	}
}
